import { composeUp } from './docker';
import type { Engine, Log, StackPlace } from './engine';
import { runningProcess, startProcess, waitUntilReady } from './engine-run';
import { kafka } from './kafka';
import { choosePorts } from './ports';
import { postgres, postgresUrl } from './postgres';
import { redis } from './redis';
import {
  type ConfiguredAddresses,
  type EngineName,
  engineNames,
  type PortName,
  StackError,
  stackSettings,
} from './settings';
import {
  knownPlace,
  makeStackFolder,
  readKeeper,
  type StackAddresses,
  saveAddresses,
  saveKeeper,
  savePlace,
} from './stack-folder';
import { temporal } from './temporal';

export const engines: Record<EngineName, Engine> = { temporal, kafka, postgres, redis };

export interface StackOptions {
  /** Default: STACK, else "default". */
  readonly name?: string;
  /** `free`: a stack of its own, on free ports, that heeds neither ports nor addresses of the environment. */
  readonly ports?: 'free' | 'default';
  readonly log?: Log;
  readonly docker?: boolean;
}

type Part = { readonly name: EngineName; readonly plan: string } & (
  | { readonly from: 'address' | 'docker' | 'running' | 'nowhere' }
  | { readonly from: 'installation'; readonly obtain: (log: Log) => Promise<string> }
);

/** Does the work of `stackUp`, under the stack's lock. */
export async function bringUp(name: string, options: StackOptions, log: Log): Promise<StackAddresses> {
  const configured: ConfiguredAddresses = options.ports === 'free' ? {} : stackSettings().addresses;
  const place = await choosePlace(name, options, log);
  const parts = await Promise.all(
    engineNames.map((engine) => planPart(engine, place, configured, options.docker ?? false)),
  );
  log(`stack "${name}", kept in ${place.folder}:`);
  for (const part of parts) log(`  ${part.name.padEnd(9)} ${part.plan}`);
  refuseWhatIsMissing(parts);
  if (parts.some((part) => part.from === 'docker')) await composeUp(place);
  const outcomes = await Promise.allSettled(parts.map((part) => realise(part, place, log)));
  const failures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map((outcome) => outcome.reason as unknown);
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new StackError(failures.map((failure) => (failure as Error).message).join('\n'));
  const hasRedis = outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value === 'redis');
  const addresses = addressesOf(place, configured, hasRedis);
  await saveAddresses(name, addresses);
  return addresses;
}

async function choosePlace(name: string, options: StackOptions, log: Log): Promise<StackPlace> {
  const isolated = options.ports === 'free';
  const folder = await makeStackFolder(name);
  const running = await enginesOf(name);
  const ours = new Set<PortName>(running.flatMap((engine) => engines[engine].ports));
  // The roles may well run against a stack that is up: their ports are looked at only when nothing of it runs.
  if (running.length > 0) for (const role of ['api', 'sandbox'] as const) ours.add(role);
  const explicit = isolated ? {} : stackSettings().ports;
  const remembered = (await knownPlace(name))?.ports ?? {};
  return savePlace(name, folder, await choosePorts({ explicit, remembered, ours, defaults: !isolated, log }));
}

/** The engines that run for a stack, as processes of ours or in Docker. */
export async function enginesOf(name: string): Promise<EngineName[]> {
  const isOurs = await Promise.all(
    engineNames.map(
      async (engine) => (await readKeeper(name, engine)) === 'docker' || (await runningProcess(engines[engine], name)),
    ),
  );
  return engineNames.filter((_, index) => isOurs[index]);
}

async function planPart(
  name: EngineName,
  place: StackPlace,
  configured: ConfiguredAddresses,
  docker: boolean,
): Promise<Part> {
  const address = configured[name];
  if (address) return { name, from: 'address', plan: `at ${withoutPassword(address)}, as configured` };
  if (await runningProcess(engines[name], place.name)) return { name, from: 'running', plan: 'running already' };
  if (docker || (await readKeeper(place.name, name)) === 'docker')
    return { name, from: 'docker', plan: 'docker compose' };
  const source = await engines[name].find();
  const elsewhere = await engines[name].dataElsewhere?.(place);
  const data = elsewhere ? `; its data in ${elsewhere}` : '';
  if (source.kind === 'here')
    return { name, from: 'installation', plan: `from ${source.plan}${data}`, obtain: async () => source.installation };
  if (source.kind === 'obtain')
    return { name, from: 'installation', plan: `${source.plan}${data}`, obtain: source.obtain };
  const consequence = name === 'redis' ? 'none here, and the stack does without it; to have it, ' : 'missing: ';
  return { name, from: 'nowhere', plan: `${consequence}${source.remedy}` };
}

function refuseWhatIsMissing(parts: readonly Part[]): void {
  const missing = parts.filter((part) => part.from === 'nowhere' && part.name !== 'redis');
  if (missing.length > 0) throw new StackError(missing.map((part) => `${part.name} is ${part.plan}.`).join('\n'));
}

/** Makes one engine ready and returns its name; undefined where the stack does without it. */
async function realise(part: Part, place: StackPlace, log: Log): Promise<EngineName | undefined> {
  const engine = engines[part.name];
  if (part.from === 'nowhere') return undefined;
  if (part.from === 'address') return part.name;
  if (part.from === 'installation') {
    const installation = await part.obtain(log).catch((error: Error) => {
      if (part.name !== 'redis') throw error;
      log(`redis: not to be had, the stack does without it (${error.message})`);
      return undefined;
    });
    if (!installation) return undefined;
    await startProcess(engine, installation, place, log);
    return part.name;
  }
  if (part.from === 'docker') await saveKeeper(place.name, part.name, 'docker');
  await waitUntilReady(engine, place, await runningProcess(engine, place.name));
  return part.name;
}

function addressesOf(
  { ports, ...place }: StackPlace,
  configured: ConfiguredAddresses,
  hasRedis: boolean,
): StackAddresses {
  const local = (port: number) => `127.0.0.1:${port}`;
  const temporalHost = configured.temporal?.split(':')[0];
  return {
    temporal: configured.temporal ?? local(ports.temporal),
    temporalUi: configured.temporalUi ?? `http://${temporalHost ? `${temporalHost}:8233` : local(ports.temporalUi)}`,
    kafka: configured.kafka ?? local(ports.kafka),
    postgres: configured.postgres ?? postgresUrl({ ports, ...place }),
    redis: configured.redis ?? (hasRedis ? `redis://${local(ports.redis)}` : null),
    api: `http://${local(ports.api)}`,
    sandbox: configured.sandbox ?? `http://${local(ports.sandbox)}`,
  };
}

const withoutPassword = (address: string): string => address.replace(/:[^:@/]+@/, ':…@');
