import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runMain } from '../roles/process';
import { stackSettings } from '../stack/settings';
import { stackFolder } from '../stack/stack-folder';
import { Interrupted, Leaving } from './leaving';
import { Narrator } from './narrator';
import type { Shop } from './open-shop';
import { raiseStack } from './own-stack';
import { printTable, printUrls } from './report';
import { SCENARIOS } from './scenarios';
import type { Outcome } from './stage';

/** `npm run demo [-- --once]`: sets everything up, plays every scenario, shows how each ended. */
async function main(): Promise<void> {
  const once = isOnce(process.argv.slice(2));
  const leaving = new Leaving();
  const narrator = new Narrator();
  const interrupted = leaving.asked.then((signal): never => {
    throw new Interrupted(`stopped by ${signal} before the end`);
  });
  try {
    const shop = await Promise.race([setUp(leaving, narrator), interrupted]);
    const outcomes = await Promise.race([play(shop, narrator), shop.roles.failed, interrupted]);
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

async function setUp(leaving: Leaving, narrator: Narrator): Promise<Shop> {
  const stack = stackSettings().name;
  const logFile = join(stackFolder(stack), 'logs', 'demo-roles.log');
  narrator.heading('Setting up');
  const rising = await raiseStack(stack, leaving, (line) => narrator.detail(line));
  // Loaded only now: half a second or more of reading modules, while the engines start.
  const [addresses, { openShop }] = await Promise.all([rising.addresses, import('./open-shop.js')]);
  return openShop({ stack, addresses, logFile }, leaving, narrator);
}

async function play({ stage, roles }: Shop, narrator: Narrator): Promise<Outcome[]> {
  try {
    await stage.stock(SCENARIOS);
    narrator.heading(`Playing ${SCENARIOS.length} orders side by side`);
    return await stage.play(SCENARIOS);
  } catch (error) {
    // A call fails a moment before the end of the process that should have answered it is known, and that end says more.
    await Promise.race([roles.failed, setTimeout(1_000)]);
    throw error;
  }
}

/** Prints how everything ended, and answers it in a line. */
function show(outcomes: readonly Outcome[], shop: Shop, narrator: Narrator): string {
  printTable(outcomes);
  printUrls(outcomes, shop);
  const good = outcomes.filter(({ problems }) => problems.length === 0).length;
  const tally = `${good} of ${outcomes.length} scenarios ended as they should`;
  console.log(`\n${tally}, ${narrator.seconds.toFixed(1)} s after the start.`);
  return tally;
}

function isOnce(args: readonly string[]): boolean {
  try {
    return parseArgs({ args: [...args], options: { once: { type: 'boolean', default: false } } }).values.once;
  } catch {
    throw new Error('usage: npm run demo [-- --once]   --once: exit when all is played, 0 if it ended as it should');
  }
}

runMain(main);
