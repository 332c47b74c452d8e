import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runMain } from '../../processes/process';
import { stackSettings } from '../stack/settings';
import { stackFolder } from '../stack/stack-folder';
import { Cleanup, Interrupted } from './cleanup';
import { detail, heading, mute, secondsSinceStart } from './narrator';
import { bringStackUp } from './own-stack';
import { type Outcome, playScenarios } from './play';
import { printOrders, printRush, printUrls } from './report';
import { playRush } from './rush';
import type { RushOutcome } from './rush-outcome';
import { SCENARIOS } from './scenarios';
import type { Shop } from './shop';

/** `npm run demo [-- --once]`: sets everything up, plays a rush and every scenario, shows how each ended. */
async function main(): Promise<void> {
  const { once } = parseArgs({ options: { once: { type: 'boolean' } } }).values;
  const cleanup = new Cleanup();
  const interrupted = cleanup.signalled.then((signal): never => {
    throw new Interrupted(`stopped by ${signal} before the end`);
  });
  try {
    const shop = await Promise.race([setUp(cleanup), interrupted]);
    const played = await Promise.race([play(shop), shop.failed, interrupted]);
    const summary = await show(played, shop);
    if (!once) {
      console.log('The shop stays open: Ctrl-C stops it.');
      await Promise.race([cleanup.signalled, shop.failed]);
    }
    if ([played.rush, ...played.outcomes].some(({ problems }) => problems.length > 0)) throw new Error(summary);
  } finally {
    mute();
    heading('Stopping');
    await cleanup.run(detail);
    detail(`nothing of this demo is running any more, ${secondsSinceStart().toFixed(1)} s after its start`);
  }
}

async function setUp(cleanup: Cleanup): Promise<Shop> {
  const stack = stackSettings().name;
  const logFile = join(stackFolder(stack), 'logs', 'demo-roles.log');
  heading('Setting up');
  const addresses = bringStackUp(stack, cleanup);
  // Reading the modules takes half a second or more, while the engines start.
  const { openShop } = require('./shop') as typeof import('./shop');
  return openShop({ stack, addresses: await addresses, logFile }, cleanup);
}

interface Played {
  readonly rush: RushOutcome;
  readonly outcomes: readonly Outcome[];
}

async function play(shop: Shop): Promise<Played> {
  try {
    heading('A rush for coupons');
    const rush = await playRush(shop);
    heading(`Playing ${SCENARIOS.length} orders side by side`);
    return { rush, outcomes: await playScenarios(SCENARIOS, shop, rush) };
  } catch (error) {
    // A call fails a moment before the end of the roles' process is known, and that end says more.
    await Promise.race([shop.failed, sleep(1_000)]);
    throw error;
  }
}

/** Prints how everything ended, and returns it in one line. */
async function show({ rush, outcomes }: Played, shop: Shop): Promise<string> {
  printRush(rush);
  printOrders(outcomes);
  await printUrls(outcomes, rush, shop);
  const good = outcomes.filter(({ problems }) => problems.length === 0).length;
  const ended = `${good} of ${outcomes.length} scenarios ended as they should`;
  const { winners, total, customers, problems } = rush;
  const fair = problems.length === 0 ? 'none twice, no rank left out' : 'NOT as it should be';
  const rushed = `${winners.length} of ${total} coupons issued in a rush of ${customers} customers, ${fair}`;
  console.log(`\n${rushed}.\n${ended}, ${secondsSinceStart().toFixed(1)} s after the start.`);
  return `${rushed}; ${ended}`;
}

runMain(main);
