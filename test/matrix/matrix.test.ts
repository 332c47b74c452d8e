import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fixture } from '../support/fixture';
import { ROWS } from './rows';
import { runRow } from './run-row';
import { Theatre } from './stage';
import { together } from './together';

/** The same faults each time; `npm run test:faults` draws others. */
const SEED = Number(process.env.MATRIX_SEED ?? 13);

const rows = [...ROWS.filter(({ isOfOrders }) => !isOfOrders), together(ROWS.filter(({ isOfOrders }) => isOfOrders))];

jest.setTimeout(300_000);

describe('the fault matrix, a small case of each row: every invariant holds after', () => {
  const fixture = new Fixture();
  const folder = mkdtempSync(join(tmpdir(), 'ordersaga-matrix-'));
  const theatre = new Theatre(`matrix-${process.pid}`, join(folder, 'evidence'));
  fixture.declare({ start: () => theatre.open(), close: () => theatre.close() });
  fixture.defer(() => rmSync(folder, { recursive: true, force: true }));

  const possible = rows.filter(({ small }) => small > 0);
  test.each(possible.map((row) => [row.title, row] as const))('%s', async (_, row) => {
    const { violations, seed } = await runRow(theatre, row, row.small, SEED);
    expect({ seed, violations }).toEqual({ seed, violations: [] });
  });
});
