import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runMain } from '../../processes/process';
import { stackSettings } from '../stack/settings';
import { stackFolder } from '../stack/stack-folder';
import { Interrupted, Leaving } from './leaving';
import { Narrator } from './narrator';
import type { Shop } from './open-shop';
import { raiseStack } from './own-stack';
import { printRush, printTable, printUrls } from './report';
import type { RushOutcome } from './rush-outcome';
import { SCENARIOS } from './scenarios';
import type { Outcome } from './stage';

/** `npm run demo [-- --once]`: sets everything up, plays a rush and every scenario, shows how each ended. */
async function main(): Promise<void> {
  const once = isOnce(process.argv.slice(2));
  const leaving = new Leaving();
  const narrator = new Narrator();
  const interrupted = leaving.asked.then((signal): never => {
    throw new Interrupted(`stopped by ${signal} before the end`);
  });
  try {
    const shop = await Promise.race([setUp(leaving, narrator), interrupted]);
    const played = await Promise.race([play(shop, narrator), shop.roles.failed, interrupted]);
    const tally = show(played, shop, narrator);
    if (!once) {
      console.log('The shop stays open: Ctrl-C stops it.');
      await Promise.race([leaving.asked, shop.roles.failed]);
    }
    const ends = [played.rush, ...played.outcomes];
    if (ends.some(({ problems }) => problems.length > 0)) throw new Error(tally);
  } finally {
    narrator.endOfSaga();
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

interface Played {
  readonly rush: RushOutcome;
  readonly outcomes: readonly Outcome[];
}

async function play({ rush: couponRush, stage, roles }: Shop, narrator: Narrator): Promise<Played> {
  try {
    narrator.heading('A rush for coupons');
    const rush = await couponRush.play();
    await stage.stock(SCENARIOS);
    narrator.heading(`Playing ${SCENARIOS.length} orders side by side`);
    return { rush, outcomes: await stage.play(SCENARIOS, rush) };
  } catch (error) {
    // A call fails a moment before the end of the process that should have answered it is known, and that end says more.
    await Promise.race([roles.failed, setTimeout(1_000)]);
    throw error;
  }
}

/** Prints how everything ended, and answers it in a line. */
function show({ rush, outcomes }: Played, shop: Shop, narrator: Narrator): string {
  printRush(rush);
  printTable(outcomes);
  printUrls(outcomes, rush, shop);
  const good = outcomes.filter(({ problems }) => problems.length === 0).length;
  const tally = `${good} of ${outcomes.length} scenarios ended as they should`;
  const { winners, total, customers, problems } = rush;
  const fair = problems.length === 0 ? 'none twice, no rank left out' : 'NOT as it should be';
  const rushed = `${winners.length} of ${total} coupons issued in a rush of ${customers} customers, ${fair}`;
  console.log(`\n${rushed}.\n${tally}, ${narrator.seconds.toFixed(1)} s after the start.`);
  return `${rushed}; ${tally}`;
}

function isOnce(args: readonly string[]): boolean {
  try {
    return parseArgs({ args: [...args], options: { once: { type: 'boolean', default: false } } }).values.once;
  } catch {
    throw new Error('usage: npm run demo [-- --once]   --once: exit when all is played, 0 if it ended as it should');
  }
}

runMain(main);
