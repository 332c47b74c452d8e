import { createDevelopmentToken } from '../../cli/development-token';
import { loadSettings } from '../../config/load';
import type { Settings } from '../../config/settings';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../../observability/logger';
import { migrate } from '../../processes/migrate';
import { accepts } from '../stack/ports';
import type { StackAddresses } from '../stack/stack';
import { CouponRush, RUSH_CUSTOMERS } from './coupon-rush';
import type { Leaving } from './leaving';
import type { Narrator } from './narrator';
import { OperatorCommand } from './operator-command';
import { type RunningRolesChild, startRolesChild } from './roles-child';
import { SandboxClient } from './sandbox-client';
import { ShopClient } from './shop-client';
import { Stage } from './stage';
import { TopicReader } from './topic-reader';

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

/** Where the shop of this demo is. */
export interface Premises {
  /** The stack's name. */
  readonly stack: string;
  readonly addresses: StackAddresses;
  /** What the roles and the sandbox say. */
  readonly logFile: string;
}

export interface Shop extends Premises {
  readonly rush: CouponRush;
  readonly stage: Stage;
  readonly roles: RunningRolesChild;
}

/** Migrates a stack that is up, starts every role on it, and answers when all are ready for the first order. */
export async function openShop(premises: Premises, leaving: Leaving, narrator: Narrator): Promise<Shop> {
  const { addresses, logFile } = premises;
  if (!addresses.redis) narrator.detail('no Redis here: everything works without it, live news come once a second');
  await refuseSecondStart(addresses);
  const settings = loadSettings();
  await migrate({ ...settings, LOG_LEVEL: 'fatal' }, (line) => narrator.detail(line));
  const [{ rush, stage }, roles] = await Promise.all([
    prepare(settings, premises, leaving, narrator),
    startRolesChild({ logFile, environment: SHORTENED }, leaving),
  ]);
  narrator.detail(`every role and the sandbox are ready; their log: ${logFile}`);
  return { ...premises, rush, stage, roles };
}

async function refuseSecondStart({ api, sandbox }: StackAddresses): Promise<void> {
  for (const address of [api, sandbox]) {
    const { hostname, port } = new URL(address);
    if (await accepts(hostname, Number(port)))
      throw new Error(
        `Something answers at ${address} already, most likely \`npm start\`: stop it first, or run the demo beside it with STACK=demo.`,
      );
  }
}

async function prepare(
  settings: Settings,
  { addresses, stack }: Premises,
  leaving: Leaving,
  narrator: Narrator,
): Promise<{ rush: CouponRush; stage: Stage }> {
  const run = Date.now().toString(36);
  const kafka = createKafka(settings, createLogger('demo', 'silent'));
  const open = (topic: string) => TopicReader.open(kafka, topic, `demo-${run}-${topic}`);
  const [stockFailures, deadLetters] = await Promise.all([
    open(TOPICS.stockDecreaseFailed),
    open(deadLetterTopic(TOPICS.orderProcessing)),
  ]);
  leaving.afterwards(async () => {
    await Promise.all([stockFailures.close(), deadLetters.close()]);
  });
  const { JWT_SECRET: secret, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  if (!secret || settings.JWT_JWKS_URL) throw new Error('The demo signs its own tokens: run it without JWT_JWKS_URL.');
  const token = (email: string, role: string) => createDevelopmentToken(secret, { email, role, issuer, audience });
  const tokens = {
    customer: await token('demo@example.com', 'customer'),
    operator: await token('operator@example.com', 'operator'),
  };
  const surroundings = { stockFailures, deadLetters, temporal: new OperatorCommand(stack) };
  const shop = new ShopClient(addresses.api, tokens);
  const customers = RUSH_CUSTOMERS.map(async (name) => {
    const email = `${name}@example.com`;
    return { email, shop: shop.withCustomer(await token(email, 'customer')) };
  });
  return {
    rush: new CouponRush(shop, await Promise.all(customers), narrator, run),
    stage: new Stage(shop, new SandboxClient(addresses.sandbox), surroundings, narrator, run),
  };
}
