import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StackError, stackSettings } from './settings';
import { runTool } from './tools';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const ROOTS_OWN = '/var/lib/ordersaga';

/** Whom Postgres runs as: undefined is this very user, and for root, whom Postgres refuses, an unprivileged one. */
export async function unprivilegedUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = async (flag: string) => Number(await runTool('id', [flag, name]));
      return { uid: await id('-u'), gid: await id('-g') };
    } catch {
      // No such user on this machine: the next one is tried.
    }
  }
  throw new StackError('Postgres refuses to run as root, and there is no user postgres or nobody: set DATABASE_URL.');
}

/**
 * The folder under which a user may keep files: `wanted` where that user can get there, else one in /var/lib that
 * belongs to the same home (root's home is usually closed to everybody else).
 */
export function reachableFolder(wanted: string, user: SystemUser | undefined): string {
  if (!user || canEnter(nearestExisting(wanted), user)) return wanted;
  const { home } = stackSettings();
  const key = createHash('sha256').update(home).digest('hex').slice(0, 8);
  return join(ROOTS_OWN, key, wanted.startsWith(home) ? wanted.slice(home.length) : wanted);
}

function canEnter(folder: string, user: SystemUser): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}
