import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { details, table } from './report';
import { isAsItMust, type Row, type RowResult } from './row';
import { ROWS } from './rows';
import { COUNTER_TESTS } from './rows/counter-tests';
import { runRow } from './run-row';
import { Theatre } from './stage';

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Rows that are run at the same time, each on a system of its own: most of a row is waiting. */
const AT_ONCE = '2';

/**
 * `npm run test:faults [-- --only NAME --times N --seed S --at-once N --json FILE]`: the fault matrix in full, or some of its rows.
 * Prints a table and JSON; the exit code is 0 only if every invariant held.
 */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      times: { type: 'string' },
      seed: { type: 'string' },
      'at-once': { type: 'string', default: AT_ONCE },
      json: { type: 'string' },
    },
  });
  const all: Row[] = [...ROWS, ...COUNTER_TESTS.flatMap((row) => [{ ...row, breaks: undefined }, row])];
  const rows = all.filter(({ name }) => !values.only || values.only.includes(name));
  if (rows.length === 0) throw new Error(`rows: ${[...new Set(all.map(({ name }) => name))].join(', ')}`);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  say(`seed ${seed}`);

  const timesOf = ({ times }: Row) => Number((times > 1 && values.times) || times);
  const startedAt = performance.now();
  const results = await runAll(rows, Number(values['at-once']), (theatre, row) =>
    runRow(theatre, row, timesOf(row), seed),
  );
  const json = JSON.stringify({ seed, rows: results }, null, 2);
  if (values.json) writeFileSync(values.json, json);
  else process.stdout.write(`${json}\n`);
  const minutes = Math.round((performance.now() - startedAt) / 60_000);
  process.stdout.write(`${table(results)}\nseed ${seed}, ${minutes} minutes\n`);
  return results.every(isAsItMust);
}

/** Runs so many rows at the same time; the results are in the order of the rows. */
async function runAll(
  rows: readonly Row[],
  atOnce: number,
  run: (theatre: Theatre, row: Row) => Promise<RowResult>,
): Promise<RowResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ordersaga-faults-'));
  const results: RowResult[] = [];
  const queue = [...rows.entries()];
  const lane = async (number: number) => {
    const theatre = new Theatre(
      `faults-${process.pid}-${number}`,
      join(folder, `evidence-${number}`),
      say,
      'toxiproxy',
    );
    try {
      await theatre.open();
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, row] = next;
        say(`${row.name}: ${row.title} …`);
        const result = await run(theatre, row);
        results[index] = result;
        say(`${table([result])}\n${details(result)}\n`);
      }
    } finally {
      await theatre.close();
    }
  };
  try {
    const lanes = Array.from({ length: Math.min(atOnce, rows.length) }, (_, number) => lane(number));
    for (const ended of await Promise.allSettled(lanes)) if (ended.status === 'rejected') throw ended.reason;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

main().then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    say(String((error as Error).stack ?? error));
    process.exit(2);
  },
);
