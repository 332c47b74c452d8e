import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type Log, logFile, type StackPlace } from './engine';
import { isAlive, type Launch, type ProcessIdentity, startDetached, stop } from './processes';
import { StackError } from './settings';
import { readKeeper, saveKeeper } from './stack-folder';

const READY_TIMEOUT_MS = 90_000;
const STOP_WITHIN_MS = 20_000;

/** The process of ours that runs an engine, if it lives. */
export async function runningProcess(engine: Engine, name: string): Promise<ProcessIdentity | undefined> {
  const keeper = await readKeeper(name, engine.name);
  return keeper && keeper !== 'docker' && (await isAlive(keeper)) ? keeper : undefined;
}

/** Starts an engine and waits until it is ready. */
export async function startProcess(engine: Engine, installation: string, place: StackPlace, log: Log): Promise<void> {
  const started = Date.now();
  const launch = await engine.prepare(installation, place);
  const identity = await recorded(startAndRecord(engine, launch, place));
  await waitUntilReady(engine, place, identity);
  log(`${engine.name}: ready in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

async function startAndRecord(engine: Engine, launch: Launch, place: StackPlace): Promise<ProcessIdentity> {
  const identity = await startDetached(launch, logFile(place, engine.name));
  await saveKeeper(place.name, engine.name, identity);
  return identity;
}

const starts = new Set<Promise<unknown>>();

function recorded<T>(start: Promise<T>): Promise<T> {
  const forget = () => void starts.delete(start);
  starts.add(start);
  start.then(forget, forget);
  return start;
}

/** Resolves when each started engine is recorded: a process that ends earlier leaves one behind that no stack knows. */
export async function everyEngineRecorded(): Promise<void> {
  while (starts.size > 0) await Promise.allSettled(starts);
}

/** Waits until an engine is ready; throws a StackError with the end of its log when it dies or does not become ready. */
export async function waitUntilReady(engine: Engine, place: StackPlace, identity?: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await isReady(engine, place))) {
    if (identity && !(await isAlive(identity))) throw failure(engine, place, 'ended while it started');
    if (Date.now() > deadline) throw failure(engine, place, `is not ready after ${READY_TIMEOUT_MS / 1000} s`);
    await sleep(50);
  }
  if (identity) await engine.finish?.(place);
}

/** Ends an engine that we run, and waits until it is gone. */
export async function stopProcess(engine: Engine, name: string): Promise<boolean> {
  const identity = await runningProcess(engine, name);
  if (identity) await stop(identity, engine.stopSignal, STOP_WITHIN_MS);
  await saveKeeper(name, engine.name, undefined);
  return identity !== undefined;
}

export async function isReady(engine: Engine, place: StackPlace): Promise<boolean> {
  try {
    return await engine.isReady(place);
  } catch {
    return false;
  }
}

function failure(engine: Engine, place: StackPlace, what: string): StackError {
  const file = logFile(place, engine.name);
  return new StackError(
    `${engine.name} ${what}; its log is ${file} and ends:\n${existsSync(file) ? lastLines(file) : ''}`,
  );
}

function lastLines(file: string): string {
  const log = openSync(file, 'r');
  try {
    const { size } = fstatSync(log);
    const end = Buffer.alloc(Math.min(size, 4_000));
    readSync(log, end, 0, end.length, size - end.length);
    return end.toString('utf8').trim().split('\n').slice(-12).join('\n');
  } finally {
    closeSync(log);
  }
}
