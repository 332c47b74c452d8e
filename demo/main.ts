import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDevelopmentToken } from '../cli/development-token';
import { loadSettings } from '../config/load';
import type { Settings } from '../config/settings';
import { deadLetterTopic, TOPICS } from '../contracts/topics';
import { createKafka } from '../kafka-bridge/kafkajs-adapter';
import { createLogger } from '../observability/logger';
import { migrate } from '../roles/migrate';
import { runMain } from '../roles/process';
import { accepts } from '../stack/ports';
import { stackSettings } from '../stack/settings';
import type { StackAddresses } from '../stack/stack';
import { stackFolder } from '../stack/stack-folder';
import { Interrupted, Leaving } from './leaving';
import { Narrator } from './narrator';
import { OperatorCommand } from './operator-command';
import { ownStack } from './own-stack';
import { printTable, printUrls } from './report';
import { type RunningRolesChild, startRolesChild } from './roles-child';
import { SandboxClient } from './sandbox-client';
import { SCENARIOS } from './scenarios';
import { ShopClient } from './shop-client';
import { type Outcome, Stage } from './stage';
import { TopicReader } from './topic-reader';

/** All that the demo changes of the configuration: minutes become seconds, and probes take any free port. */
const SHORTENED = {
  STOCK_HOLD_MS: '8000',
  PROCESSING_BUDGET_MS: '2000',
  RETRY_DELAY_MS: '300',
  UNDO_PATIENCE_MS: '5000',
  UNDO_RETRY_MS: '2000',
  PROVIDER_TIMEOUT_MS: '1000',
  PROVIDER_FAST_TIMEOUT_MS: '500',
  RELAY_PORT: '0',
  BRIDGE_PORT: '0',
  WORKER_PORT: '0',
};

/** `npm run demo [-- --once]`: sets everything up, plays every scenario, shows how each ended. */
async function main(): Promise<void> {
  const once = isOnce(process.argv.slice(2));
  const leaving = new Leaving();
  const narrator = new Narrator();
  const interrupted = leaving.asked.then((signal): never => {
    throw new Interrupted(`stopped by ${signal} before the end`);
  });
  try {
    const shop = await Promise.race([openShop(leaving, narrator), interrupted]);
    const outcomes = await Promise.race([play(shop.stage, narrator), shop.roles.failed, interrupted]);
    const tally = show(outcomes, shop, narrator);
    if (!once) {
      console.log('The shop stays open: Ctrl-C stops it.');
      await Promise.race([leaving.asked, shop.roles.failed]);
    }
    if (outcomes.some(({ problems }) => problems.length > 0)) throw new Error(tally);
  } finally {
    narrator.endOfStory();
    narrator.heading('Stopping');
    await leaving.leave((line) => narrator.detail(line));
    narrator.detail(`nothing of this demo is running any more, ${narrator.seconds.toFixed(1)} s after its start`);
  }
}

function isOnce(args: readonly string[]): boolean {
  try {
    return parseArgs({ args: [...args], options: { once: { type: 'boolean', default: false } } }).values.once;
  } catch {
    throw new Error('usage: npm run demo [-- --once]   --once: exit when all is played, 0 if it ended as it should');
  }
}

interface Shop {
  readonly stack: string;
  readonly addresses: StackAddresses;
  readonly logFile: string;
  readonly stage: Stage;
  readonly roles: RunningRolesChild;
}

/** Everything that has to be there before the first order. */
async function openShop(leaving: Leaving, narrator: Narrator): Promise<Shop> {
  const stack = stackSettings().name;
  const logFile = join(stackFolder(stack), 'logs', 'demo-roles.log');
  narrator.heading('Setting up');
  const addresses = await ownStack(stack, leaving, (line) => narrator.detail(line));
  if (!addresses.redis) narrator.detail('no Redis here: everything works without it, live news come once a second');
  await refuseSecondStart(addresses);
  const settings = loadSettings();
  await migrate({ ...settings, LOG_LEVEL: 'fatal' }, (line) => narrator.detail(line));
  const [stage, roles] = await Promise.all([
    openStage(settings, addresses, stack, narrator, leaving),
    startRolesChild({ logFile, environment: SHORTENED }, leaving),
  ]);
  narrator.detail(`every role and the sandbox are ready; their log: ${logFile}`);
  return { stack, addresses, logFile, stage, roles };
}

/** Prints how everything ended, and answers it in a line. */
function show(outcomes: readonly Outcome[], { addresses, logFile, stack }: Shop, narrator: Narrator): string {
  printTable(outcomes);
  printUrls(addresses, outcomes, { logFile, stack });
  const good = outcomes.filter(({ problems }) => problems.length === 0).length;
  const tally = `${good} of ${outcomes.length} scenarios ended as they should`;
  console.log(`\n${tally}, ${narrator.seconds.toFixed(1)} s after the start.`);
  return tally;
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

async function openStage(
  settings: Settings,
  addresses: StackAddresses,
  stack: string,
  narrator: Narrator,
  leaving: Leaving,
): Promise<Stage> {
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
  const sandbox = new SandboxClient(addresses.sandbox);
  return new Stage(new ShopClient(addresses.api, tokens), sandbox, surroundings, narrator, run);
}

async function play(stage: Stage, narrator: Narrator): Promise<Outcome[]> {
  await stage.stock(SCENARIOS);
  narrator.heading(`Playing ${SCENARIOS.length} orders side by side`);
  return stage.play(SCENARIOS);
}

runMain(main);
