import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { runMain } from '../../processes/process';
import { engineNames } from '../stack/settings';
import { stackRemove } from '../stack/stack';
import { readKeeper } from '../stack/stack-folder';
import { apiAloneRounds, couponRounds } from './coupons';
import type { BenchFigures } from './figures-of-parts';
import { type BenchOptions, type PARTS, readOptions } from './options';
import { type Bench, engineRounds, singleOrders, statusFigures, submit, submitRounds } from './parts';
import { relayLag } from './relay-lag';
import { table } from './report';
import { Shop } from './shop';
import { StatusWatch } from './status-watch';
import { BenchSystem, type Layout } from './system';

const say = (line: string) => process.stderr.write(`${line}\n`);

/** `npm run bench [-- --quick] [--json FILE]`: measures a whole system of its own, prints a table and writes JSON. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const startedAt = Date.now();
  const before = loadavg();
  const stackName = `bench-${process.pid}`;
  const stop = interrupted();
  let system: BenchSystem | undefined;
  let figures: BenchFigures;
  try {
    system = await BenchSystem.up(stackName, options.profileFolder, say);
    figures = await Promise.race([measure(system, options), stop]);
  } finally {
    await (system?.remove() ?? stackRemove(stackName));
  }
  const result = {
    at: new Date(startedAt).toISOString(),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    machine: { cores: cpus().length, node: process.version, loadBefore: before, loadAfter: loadavg() },
    layout: options.layout,
    plan: options.plan,
    figures,
  };
  const file = options.jsonFile ?? join(__dirname, 'results', `${result.at.replaceAll(':', '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${table(result)}\n`);
  say(`written to ${file}`);
}

async function measure(system: BenchSystem, options: BenchOptions): Promise<BenchFigures> {
  const { plan } = options;
  const wants = (part: (typeof PARTS)[number]) => options.only.length === 0 || options.only.includes(part);
  const shop = await Shop.open(system.addresses.api, system.jwtSecret);
  const engines = await enginePids(system.stackName);
  const bench: Bench = {
    system,
    shop,
    watch: new StatusWatch(system.db),
    plan,
    processes: () => ({ ...engines, ...system.processes, generator: process.pid }),
    say,
  };
  const figures: BenchFigures = {};

  await system.startRoles(options.layout);
  await shop.stockUp();
  if (wants('single') || wants('status')) {
    say('orders one at a time …');
    figures.single = await singleOrders(bench);
  }
  if (wants('status') && figures.single) {
    say('status requests …');
    figures.status = await statusFigures(bench, figures.single.orderIds);
  }
  if (wants('engine')) {
    say('no-op workflows and full orders, in turns …');
    const floor = await system.start('dev/bench/floor-process.ts', 'floor');
    const from = new Date();
    const rounds = await engineRounds(bench, floor);
    figures.engine = { rounds, relayLagMs: await relayLag(system.db, from, new Date()) };
    await system.end(floor);
  }
  if (wants('coupons')) figures.coupons = await coupons(bench, wants('submit') ? options.layout : undefined);
  if (wants('submit')) {
    say('payment requests while all roles work …');
    const whileWorking = await submit(bench, plan.httpS);
    // What that left behind would take minutes to work off: its roles end without doing so.
    await system.endChildren(1_000);
    say('payment requests to the api alone, beside a bare Express …');
    await system.startRole('api');
    const bare = await system.start('dev/bench/bare-process.ts', 'bare');
    figures.submit = { rounds: await submitRounds(bench, bare), whileWorking };
  }
  shop.close();
  return figures;
}

/** Ends every role and, where `next` is given, starts them again. */
async function coupons(bench: Bench, next: Layout | undefined): Promise<BenchFigures['coupons']> {
  const { system, say } = bench;
  say('rushes on coupons, and their ceilings, in turns …');
  const floor = await system.start('dev/bench/floor-process.ts', 'floor');
  const bare = await system.start('dev/bench/bare-process.ts', 'bare');
  const rounds = await couponRounds(bench, floor, bare);
  await system.endChildren();
  say('rushes on coupons, the api alone …');
  await system.startRole('api');
  const apiAlone = await apiAloneRounds(bench);
  await system.endChildren();
  if (next) await system.startRoles(next);
  return { rounds, apiAlone };
}

async function enginePids(stackName: string): Promise<Record<string, number>> {
  const keepers = await Promise.all(
    engineNames.map(async (name) => [name, await readKeeper(stackName, name)] as const),
  );
  return Object.fromEntries(
    keepers.flatMap(([name, keeper]) => (keeper && keeper !== 'docker' ? [[name, keeper.pid]] : [])),
  );
}

/** Rejects at SIGINT or SIGTERM, so that what was started is ended. */
function interrupted(): Promise<never> {
  const signalled = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
  });
  signalled.catch(() => undefined);
  return signalled;
}

runMain(main);
