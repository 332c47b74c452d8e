import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { runMain } from '../../processes/process';
import { stackRemove } from '../stack/stack';
import { against } from './against';
import { commitOf } from './checkout';
import { sleep } from './figures';
import { openBench } from './open-bench';
import { type BenchOptions, readOptions } from './options';
import { PARTS } from './parts';
import { type BenchResult, table } from './report';
import { BenchSystem } from './system';

const say = (line: string) => process.stderr.write(`${line}\n`);

/** `npm run bench [-- --quick]`: measures a whole system of its own, prints tables and writes JSON; fails at any error. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const startedAt = Date.now();
  const before = loadavg();
  const systems = new Systems(options);
  let parts: BenchResult['parts'];
  try {
    parts = await Promise.race([measure(systems, options), interrupted()]);
  } catch (error) {
    // With all that it carries: nothing here is anybody's data.
    say(inspect(error));
    await systems.sayWhatEnded();
    throw new Error('the run failed, and its figures are not kept');
  } finally {
    await systems.remove();
  }
  const [cpu] = cpus();
  const result: BenchResult & Pick<BenchOptions, 'plan'> = {
    at: new Date(startedAt).toISOString(),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    machine: {
      cores: cpus().length,
      cpu: cpu?.model ?? 'unknown kind',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      loadBefore: before,
      loadAfter: loadavg(),
    },
    commit: commitOf(options.checkout),
    against: options.against && commitOf(options.against),
    layout: options.layout,
    plan: options.plan,
    parts,
  };
  const file = options.jsonFile ?? join(__dirname, 'results', `${result.at.replaceAll(':', '-')}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${table(result)}\n`);
  say(`written to ${file}`);
}

async function measure(systems: Systems, options: BenchOptions): Promise<BenchResult['parts']> {
  const { plan } = options;
  const own = await systems.up('own', options.checkout);
  const bench = await openBench(own, plan, say);
  if (options.against) {
    const other = await systems.up('other', options.against);
    say('orders through this checkout and through the other, in turns …');
    const pairs = against(bench, await openBench(other, plan, say));
    return [{ name: 'against', ...(await Promise.race([pairs, own.failed, other.failed])) }];
  }
  const parts: BenchResult['parts'][number][] = [];
  for (const part of PARTS.filter(({ name }) => options.parts.includes(name))) {
    const startedAt = performance.now();
    say(`${part.name}: ${part.what} …`);
    const measured = await Promise.race([part.measure(bench), own.failed]);
    say(`  (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
    parts.push({ name: part.name, ...measured });
  }
  bench.shop.close();
  return parts;
}

const ENDED_WITHIN_MS = 1_000;

/** What was started, so that it is removed whatever happens. */
class Systems {
  private readonly names: string[] = [];
  private readonly started: BenchSystem[] = [];

  constructor(private readonly options: BenchOptions) {}

  async up(which: string, root: string): Promise<BenchSystem> {
    const { layout, profileFolder, env, parts, against: other } = this.options;
    const stackName = `bench-${which}-${process.pid}`;
    this.names.push(stackName);
    const countsStatements = !other && parts.includes('statements');
    const system = await BenchSystem.up({ stackName, root, layout, profileFolder, env, countsStatements, log: say });
    this.started.push(system);
    return system;
  }

  /** A request often fails before the end of the process that was to respond is known. */
  async sayWhatEnded(): Promise<void> {
    const ended = this.started.map(({ failed }) => failed.catch((reason: Error) => say(reason.message)));
    await Promise.race([...ended, sleep(ENDED_WITHIN_MS)]);
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.started.map((system) => system.remove()));
    // Those that did not come up have left some of it.
    for (const name of this.names) await stackRemove(name);
  }
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
