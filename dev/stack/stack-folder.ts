import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackPlace, StackSecrets } from './engine';
import type { ProcessIdentity } from './processes';
import { type EngineName, type Ports, StackError, stackSettings } from './settings';

/** The addresses of a stack's parts, as stack.json keeps them for development's configuration. */
export interface StackAddresses {
  /** host:port of Temporal's frontend. */
  readonly temporal: string;
  readonly temporalUi: string;
  /** host:port of a broker, or several with commas. */
  readonly kafka: string;
  readonly postgres: string;
  /** Null where there is no Redis on this machine. */
  readonly redis: string | null;
  readonly api: string;
  readonly sandbox: string;
}

/** What runs an engine of a stack: a process of ours, docker compose, or nothing that we know of. */
export type Keeper = ProcessIdentity | 'docker' | undefined;

export function stackFolder(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,40}$/.test(name))
    throw new StackError(`A stack's name is made of a-z, 0-9 and dashes, and "${name}" is not: set another STACK.`);
  return join(stackSettings().home, 'stacks', name);
}

export const stackLock = (name: string): string => join(stackSettings().home, 'locks', `stack-${name}`);

/** Makes a stack's folders; other users may pass through them (Postgres may run as one), not list them. */
export async function makeStackFolder(name: string): Promise<string> {
  const folder = stackFolder(name);
  for (const part of ['data', 'logs', 'run']) await mkdir(join(folder, part), { recursive: true, mode: 0o711 });
  return folder;
}

/** The place of a stack that has been up before, or undefined. */
export async function knownPlace(name: string): Promise<StackPlace | undefined> {
  const folder = stackFolder(name);
  const ports = await readJson<Ports>(join(folder, 'ports.json'));
  const secrets = await readJson<StackSecrets>(join(folder, 'secrets.json'));
  return ports && secrets ? { name, folder, ports, secrets } : undefined;
}

export async function savePlace(name: string, folder: string, ports: Ports): Promise<StackPlace> {
  const kept = await readJson<StackSecrets>(join(folder, 'secrets.json'));
  const secrets = kept ?? { postgres: randomBytes(18).toString('hex'), postgresAdmin: randomBytes(18).toString('hex') };
  if (!kept) await writeJson(join(folder, 'secrets.json'), secrets);
  await writeJson(join(folder, 'ports.json'), ports);
  return { name, folder, ports, secrets };
}

export const readAddresses = (name: string): Promise<StackAddresses | undefined> =>
  readJson<StackAddresses>(join(stackFolder(name), 'stack.json'));

export const saveAddresses = (name: string, addresses: StackAddresses): Promise<void> =>
  writeJson(join(stackFolder(name), 'stack.json'), addresses);

export async function readKeeper(name: string, engine: EngineName): Promise<Keeper> {
  return (await readJson<{ keeper: Keeper }>(keeperFile(name, engine)))?.keeper;
}

export async function saveKeeper(name: string, engine: EngineName, keeper: Keeper): Promise<void> {
  if (keeper) await writeJson(keeperFile(name, engine), { keeper });
  else await rm(keeperFile(name, engine), { force: true });
}

const keeperFile = (name: string, engine: EngineName): string => join(stackFolder(name), 'run', `${engine}.json`);

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file in one move, readable for its owner only: it may hold a password. */
async function writeJson(file: string, value: unknown): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(unfinished, file);
}
