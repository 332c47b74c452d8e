import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A process as it can be found again later: a pid alone may meanwhile belong to another. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

const run = promisify(execFile);
const LOG_LIMIT_BYTES = 50 * 1024 * 1024;

/** Starts a process that outlives this one, in a process group of its own, with its output appended to a log file. */
export async function startDetached(launch: Launch, logFile: string): Promise<ProcessIdentity> {
  if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(launch.file, launch.args, {
      cwd: launch.cwd,
      env: launch.env,
      uid: launch.user?.uid,
      gid: launch.user?.gid,
      detached: true,
      stdio: ['ignore', log, log],
    });
    await new Promise((resolve, reject) => child.once('spawn', () => resolve(undefined)).once('error', reject));
    child.unref();
    return await identify(child.pid ?? -1);
  } finally {
    closeSync(log);
  }
}

/** This process, as others can find it. */
export const self = (): Promise<ProcessIdentity> => identify(process.pid);

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return pidExists(identity.pid) && (await startTime(identity.pid)) === identity.startedAt;
}

/** Signals a process and the group that it leads; returns false when it is gone already. */
export async function signal(identity: ProcessIdentity, name: NodeJS.Signals, group = false): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(group ? -identity.pid : identity.pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until a process is gone; returns whether it went within the time. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Asks a process to end, and kills its whole group when it hasn't within the time. */
export async function stop(identity: ProcessIdentity, how: NodeJS.Signals, deadlineMs: number): Promise<void> {
  await signal(identity, 'SIGCONT', true);
  if (!(await signal(identity, how))) return;
  if (await waitForEnd(identity, deadlineMs)) return;
  await signal(identity, 'SIGKILL', true);
  await waitForEnd(identity, 10_000);
}

/** Waits until a pid is free again; returns false for one that still is not, be it a zombie. */
export async function waitForPid(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (pidExists(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function identify(pid: number): Promise<ProcessIdentity> {
  return { pid, startedAt: await startTime(pid) };
}

/** When a process started, in whatever unit the system counts; empty for one that is gone or a zombie. */
async function startTime(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' || state === 'X' ? '' : (rest[18] ?? '');
    } catch {
      return '';
    }
  }
  try {
    return (await run('ps', ['-o', 'lstart=', '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}
