import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fixture } from '../support/fixture';
import { ROWS } from './rows';
import { runRow } from './run-row';
import { Theatre } from './stage';

/** Each run draws other faults; a failure names its seed. */
const SEED = Number(process.env.MATRIX_SEED ?? process.pid);

jest.setTimeout(300_000);

describe('the fault matrix, a small case of each row: every invariant holds after', () => {
  const fixture = new Fixture();
  const folder = mkdtempSync(join(tmpdir(), 'ordersaga-matrix-'));
  const theatre = new Theatre(`matrix-${process.pid}`, join(folder, 'evidence'));
  fixture.declare({ start: () => theatre.open(), close: () => theatre.close() });
  fixture.defer(() => rmSync(folder, { recursive: true, force: true }));

  test.each(ROWS.map((row) => [row.title, row] as const))('%s', async (_, row) => {
    const { violations, seed } = await runRow(theatre, row, row.small, SEED);
    expect({ seed, violations }).toEqual({ seed, violations: [] });
  });
});
