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

/**
 * `npm run test:faults [-- --only NAME --times N --seed S --json FILE]`: the fault matrix in full, or some of its rows. Prints a
 * table and JSON; the exit code is 0 only if every invariant held.
 */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      times: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const all: Row[] = [...ROWS, ...COUNTER_TESTS.flatMap((row) => [{ ...row, breaks: undefined }, row])];
  const rows = all.filter(({ name }) => !values.only || values.only.includes(name));
  if (rows.length === 0) throw new Error(`rows: ${[...new Set(all.map(({ name }) => name))].join(', ')}`);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  say(`seed ${seed}`);

  const folder = mkdtempSync(join(tmpdir(), 'ordersaga-faults-'));
  const theatre = new Theatre(`faults-${process.pid}`, join(folder, 'evidence'), say, 'toxiproxy');
  const results: RowResult[] = [];
  try {
    await theatre.open();
    for (const row of rows) {
      say(`${row.name}: ${row.title} …`);
      const result = await runRow(theatre, row, Number((row.times > 1 && values.times) || row.times), seed);
      results.push(result);
      say(`${table([result])}\n${details(result)}\n`);
    }
  } finally {
    await theatre.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const json = JSON.stringify({ seed, rows: results }, null, 2);
  if (values.json) writeFileSync(values.json, json);
  else process.stdout.write(`${json}\n`);
  process.stdout.write(`${table(results)}\nseed ${seed}\n`);
  return results.every(isAsItMust);
}

main().then(
  (holds) => process.exit(holds ? 0 : 1),
  (error: unknown) => {
    say(String((error as Error).stack ?? error));
    process.exit(2);
  },
);
