import { execFile } from 'node:child_process';
import { accessSync, constants, createWriteStream, realpathSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log } from './engine';
import { StackError, stackSettings } from './settings';

const REACH_TIMEOUT_MS = 4_000;
const PROGRESS_EVERY_MS = 15_000;

/** The real path of a program on PATH (or in the folders given), or undefined. */
export function programNamed(name: string, folders = stackSettings().searchPath): string | undefined {
  for (const folder of folders) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return realpathSync(file);
    } catch {
      // Not in this folder: the next one is looked at.
    }
  }
  return undefined;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly timeoutMs?: number;
}

/** Runs a program to its end and returns its stdout; throws a StackError with the last lines it wrote. */
export function runTool(file: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { cwd, env, user, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const settings = { cwd, env, uid: user?.uid, gid: user?.gid, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n');
      reject(new StackError(`\`${[file, ...args.slice(0, 3)].join(' ')}\` failed: ${said || error.message}`));
    });
    child.stdin?.end();
  });
}

/**
 * Downloads a .tar.gz and unpacks it into `folder`; returns false when the address can't be reached within a few
 * seconds, or hands out something else (a proxy's page, say).
 */
export async function downloadArchive(
  url: string,
  folder: string,
  options: readonly string[],
  log: Log,
): Promise<boolean> {
  const response = await reach(url);
  const body = response?.ok ? response.body : null;
  if (!body) return false;
  const archive = join(folder, 'download.tar.gz');
  try {
    await withProgress(log, `downloading ${url}`, () => pipeline(Readable.fromWeb(body), createWriteStream(archive)));
    await runTool('tar', ['-xzf', archive, ...options, '-C', folder]);
    return true;
  } catch (error) {
    log(`that download was of no use: ${(error as Error).message}`);
    return false;
  } finally {
    await rm(archive, { force: true });
  }
}

async function reach(url: string): Promise<Response | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), REACH_TIMEOUT_MS);
  try {
    return await fetch(url, { signal: abort.signal });
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Says that a long step begins, every 15 seconds that it still runs, and how long it took. */
export async function withProgress<T>(log: Log, step: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  log(`${step}…`);
  const timer = setInterval(() => log(`${step}… ${elapsed()}`), PROGRESS_EVERY_MS);
  try {
    const result = await work();
    log(`${step}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
