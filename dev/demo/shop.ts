import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { signInPath } from '../../cli/development-sign-in';
import { createDevelopmentToken } from '../../cli/development-token';
import { ApiClient } from '../../client/client';
import { loadSettings } from '../../config/load';
import type { Settings } from '../../config/settings';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../../observability/logger';
import { migrate } from '../../processes/migrate';
import { Child } from '../child';
import { poll } from '../poll';
import { accepts } from '../stack/ports';
import { environmentWith } from '../stack/settings';
import type { StackAddresses } from '../stack/stack';
import type { Cleanup } from './cleanup';
import { detail } from './narrator';
import { SandboxClient } from './sandbox-client';
import type { Surroundings } from './scenario';
import { readTopic } from './topic-reader';

/** All that the demo changes of the configuration: minutes become seconds, and probes take any free port. */
const SHORTENED = {
  STOCK_HOLD_MS: '8000',
  PROCESSING_BUDGET_MS: '3400',
  RETRY_DELAY_MS: '300',
  UNDO_PATIENCE_MS: '5000',
  UNDO_RETRY_MS: '2000',
  PROVIDER_TIMEOUT_MS: '1000',
  PROVIDER_FAST_TIMEOUT_MS: '800',
  RELAY_PORT: '0',
  BRIDGE_PORT: '0',
  WORKER_PORT: '0',
};
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

/** Where the demo's stack is. */
export interface Premises {
  readonly stack: string;
  readonly addresses: StackAddresses;
  /** Of the roles and the sandbox. */
  readonly logFile: string;
}

/** A shop that is ready for its first order. */
export interface Shop extends Premises {
  /** Names what is made in this run, so that an earlier one's stock and coupons do not count. */
  readonly run: string;
  readonly operator: ApiClient;
  customer(email: string): Promise<ApiClient>;
  /** An address that signs one browser in, once. */
  signIn(email: string, role: string, returnTo: string): Promise<string>;
  readonly sandbox: SandboxClient;
  readonly surroundings: Surroundings;
  /** Rejects when the process of the roles ends by itself. */
  readonly failed: Promise<never>;
}

/** Migrates a stack that is up and starts every role on it. @public: main.ts requires it while the engines start. */
export async function openShop(premises: Premises, cleanup: Cleanup): Promise<Shop> {
  const { addresses, logFile } = premises;
  if (!addresses.redis) detail('no Redis here: everything works without it, live news come once a second');
  await refuseSecondStart(addresses);
  const settings = loadSettings();
  await migrate({ ...settings, LOG_LEVEL: 'fatal' }, detail);
  const run = Date.now().toString(36);
  const [surroundings, roles] = await Promise.all([
    openTopics(settings, premises.stack, run, cleanup),
    startRoles(logFile, cleanup),
  ]);
  const customer = clientsOf(settings, addresses.api);
  const operator = await customer('operator@example.com', 'operator');
  const sandbox = new SandboxClient(addresses.sandbox);
  detail(`every role and the sandbox are ready; their log: ${logFile}`);
  const failed = roles.untilFailure();
  failed.catch(() => undefined);
  const signIn = async (email: string, role: string, returnTo: string) =>
    `${addresses.api}${await signInPath(settings.SESSION_SECRET, { email, role, returnTo })}`;
  return { ...premises, run, operator, customer, signIn, sandbox, surroundings, failed };
}

async function refuseSecondStart({ api, sandbox }: StackAddresses): Promise<void> {
  for (const address of [api, sandbox]) {
    const { hostname, port } = new URL(address);
    if (await accepts(hostname, Number(port)))
      throw new Error(
        `Something listens at ${address} already, most likely \`npm start\`: stop it first, or run the demo beside it with STACK=demo.`,
      );
  }
}

function clientsOf(settings: Settings, address: string) {
  const { JWT_SECRET: secret, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  if (!secret || settings.JWT_JWKS_URL) throw new Error('The demo signs its own tokens: run it without JWT_JWKS_URL.');
  return async (email: string, role = 'customer') =>
    new ApiClient({ address, token: await createDevelopmentToken(secret, { email, role, issuer, audience }) });
}

async function openTopics(settings: Settings, stack: string, run: string, cleanup: Cleanup): Promise<Surroundings> {
  const kafka = createKafka(settings, createLogger('demo', 'silent'));
  const open = (topic: string) =>
    cleanup.start(
      () => readTopic(kafka, topic, `demo-${run}-${topic}`),
      async (opening) => (await opening.catch(() => undefined))?.close(),
    );
  const [stockFailures, deadLetters] = await Promise.all([
    open(TOPICS.stockDecreaseFailed),
    open(deadLetterTopic(TOPICS.orderProcessing)),
  ]);
  return { stack, stockFailures, deadLetters };
}

/** Every role and the sandbox as one child, which the clean-up ends, not a terminal's Ctrl-C. */
async function startRoles(logFile: string, cleanup: Cleanup): Promise<Child> {
  mkdirSync(dirname(logFile), { recursive: true });
  rmSync(logFile, { force: true });
  const env = environmentWith(SHORTENED);
  const roles = await cleanup.start(
    () => Child.start({ name: 'the process of the roles', file: 'processes/main.ts', env, logFile, detached: true }),
    async (starting) => (await starting.catch(() => undefined))?.end(STOP_WITHIN_MS),
  );
  const { started } = roles.started as { readonly started: Readonly<Record<string, string>> };
  await Promise.race([Promise.all(Object.values(started).map(untilReady)), roles.untilFailure()]);
  return roles;
}

async function untilReady(address: string): Promise<void> {
  const ask = async () => (await fetch(new URL('/readyz', address))).ok;
  const isReady = await poll(() => ask().catch(() => false), Boolean, READY_WITHIN_MS);
  if (!isReady) throw new Error(`${address}/readyz is not ready after 60 s`);
}
