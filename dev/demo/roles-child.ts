import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentWith } from '../stack/settings';
import type { Leaving } from './leaving';
import { LOADER } from './own-stack';

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** Rejects when the process of the roles ends although nobody asked it to. */
export interface RunningRolesChild {
  readonly failed: Promise<never>;
}

/**
 * Starts every role and the sandbox as one child, whose output goes to `logFile`, and answers when each is ready. A
 * process group of its own keeps a terminal's Ctrl-C from it: it is ended by this process, once, and in good order.
 */
export async function startRolesChild(
  options: { readonly logFile: string; readonly environment: Readonly<Record<string, string>> },
  leaving: Leaving,
): Promise<RunningRolesChild> {
  const { logFile, environment } = options;
  leaving.refuseIfBegun();
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = fork(join(__dirname, '..', '..', 'processes', 'main.ts'), [], {
    execArgv: LOADER,
    detached: true,
    env: environmentWith(environment),
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  let isAsked = false;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  leaving.afterwards(() => {
    isAsked = true;
    return end(child, exited);
  });
  const failed = exited.then((how): Promise<never> => {
    if (isAsked) return new Promise(() => undefined);
    throw new Error(`the roles ended by themselves (${how}); their log is ${logFile} and ends:\n${lastLines(logFile)}`);
  });
  failed.catch(() => undefined);
  const addresses = await Promise.race([startedAddresses(child), failed]);
  await Promise.race([Promise.all(Object.values(addresses).map(untilReady)), failed]);
  return { failed };
}

function startedAddresses(child: ChildProcess): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    child.on('message', (message: { started?: Record<string, string> }) => {
      if (message.started) resolve(message.started);
    });
  });
}

async function untilReady(address: string): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  for (let said = 'no answer'; ; await sleep(POLL_MS)) {
    try {
      const response = await fetch(new URL('/readyz', address));
      said = await response.text();
      if (response.ok) return;
    } catch (error) {
      said = String(error);
    }
    if (Date.now() > deadline) throw new Error(`${address}/readyz is not ready after 60 s: ${said}`);
  }
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await exited;
  clearTimeout(timer);
}

const lastLines = (file: string): string => readFileSync(file, 'utf8').trim().split('\n').slice(-8).join('\n');
