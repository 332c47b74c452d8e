import { rm } from 'node:fs/promises';
import { bringUp, engines, enginesOf, type StackOptions } from './bring-up';
import { composeDown } from './docker';
import type { StackPlace } from './engine';
import { isReady, runningProcess, startProcess, stopProcess, waitUntilReady } from './engine-run';
import { withLock } from './lock';
import { accepts } from './ports';
import { removePostgresData } from './postgres';
import { signal, waitForEnd } from './processes';
import { type EngineName, engineNames, StackError, stackSettings } from './settings';
import { knownPlace, readAddresses, readKeeper, type StackAddresses, stackFolder, stackLock } from './stack-folder';

export { enginesOf, type StackOptions } from './bring-up';
export type { EngineName } from './settings';
export { StackError } from './settings';
export type { StackAddresses } from './stack-folder';

export interface StackStatus {
  readonly name: string;
  /** Undefined for a stack that has never been up. */
  readonly addresses: StackAddresses | undefined;
  readonly up: Record<EngineName | 'api' | 'sandbox', boolean>;
}

/** Brings a stack up, or what of it isn't, and resolves when every engine does its work; throws a StackError. */
export function stackUp(options: StackOptions = {}): Promise<StackAddresses> {
  const name = options.name ?? stackSettings().name;
  const log = options.log ?? (() => undefined);
  const waiting = () => log(`another command is working on the stack "${name}": waiting for it…`);
  return withLock(stackLock(name), waiting, () => bringUp(name, options, log));
}

/** Ends the engines of a stack but those in `except` and waits until they are gone; its data stay. Returns what ran. */
export function stackDown(name = stackSettings().name, except: readonly EngineName[] = []): Promise<EngineName[]> {
  return alone(name, () => takeDown(name, except));
}

/** Ends a stack and removes its data: for a test's own stack. */
export function stackRemove(name: string): Promise<void> {
  return alone(name, async () => {
    await takeDown(name);
    await removePostgresData({ folder: stackFolder(name) });
    await rm(stackFolder(name), { recursive: true, force: true });
  });
}

/** The addresses of a stack's parts, and which of them are up. */
export async function stackStatus(name = stackSettings().name): Promise<StackStatus> {
  const addresses = await readAddresses(name);
  const place = await knownPlace(name);
  const engineUp = engineNames.map(async (engine) => [engine, await isUp(engine, addresses, place)] as const);
  const roleUp = (['api', 'sandbox'] as const).map(
    async (role) => [role, addresses !== undefined && (await listens(addresses[role]))] as const,
  );
  const up = Object.fromEntries(await Promise.all([...engineUp, ...roleUp])) as StackStatus['up'];
  return { name, addresses, up };
}

/**
 * Sends a signal to an engine that the stack runs: resolves at once for SIGSTOP and SIGCONT, for any other when the engine is
 * gone. Throws a StackError when the stack runs no such engine.
 */
export async function killEngine(name: string, engine: EngineName, how: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const identity = await runningProcess(engines[engine], name);
  if (!identity) throw new StackError(`The stack "${name}" runs no ${engine}.`);
  await signal(identity, how);
  if (how === 'SIGSTOP' || how === 'SIGCONT') return;
  if (!(await waitForEnd(identity, 30_000))) throw new StackError(`${engine} outlived ${how} by 30 s.`);
}

/** Starts an engine of a stack again, on the same port and data, and waits until it is ready. */
export function startEngine(name: string, engine: EngineName): Promise<void> {
  return alone(name, async () => {
    const place = await knownPlace(name);
    if (!place) throw new StackError(`There is no stack "${name}" yet: bring it up first.`);
    const running = await runningProcess(engines[engine], name);
    if (running) return waitUntilReady(engines[engine], place, running);
    const source = await engines[engine].find();
    if (source.kind === 'missing') throw new StackError(`${engine}: ${source.remedy}.`);
    const installation = source.kind === 'here' ? source.installation : await source.obtain(() => undefined);
    await startProcess(engines[engine], installation, place, () => undefined);
  });
}

const alone = <T>(name: string, work: () => Promise<T>): Promise<T> => withLock(stackLock(name), () => undefined, work);

async function takeDown(name: string, except: readonly EngineName[] = []): Promise<EngineName[]> {
  const place = await knownPlace(name);
  const running = (await enginesOf(name)).filter((engine) => !except.includes(engine));
  const keepers = await Promise.all(running.map((engine) => readKeeper(name, engine)));
  if (place && keepers.includes('docker')) await composeDown(place);
  await Promise.all(running.map((engine) => stopProcess(engines[engine], name)));
  return running;
}

async function isUp(
  engine: EngineName,
  addresses: StackAddresses | undefined,
  place: StackPlace | undefined,
): Promise<boolean> {
  const address = addresses?.[engine];
  if (!address || !place) return false;
  if ((await enginesOf(place.name)).includes(engine)) return isReady(engines[engine], place);
  const { hostname, port } = hostOf(address);
  const wouldBeOurs = hostname === '127.0.0.1' && port === place.ports[engine];
  return !wouldBeOurs && accepts(hostname, port);
}

async function listens(address: string): Promise<boolean> {
  const { hostname, port } = hostOf(address);
  return accepts(hostname, port);
}

const defaultPorts: Record<string, number> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
};

/** Host and port of an address: a URL, or host:port of which the first of several counts. */
function hostOf(address: string): { hostname: string; port: number } {
  const url = new URL(address.includes('://') ? address : `tcp://${address.split(',')[0]}`);
  return { hostname: url.hostname, port: Number(url.port) || (defaultPorts[url.protocol] ?? 0) };
}
