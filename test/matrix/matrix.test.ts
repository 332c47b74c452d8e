import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fixture } from '../support/fixture';
import { drawPairwise, Random } from './random';
import { ROWS } from './rows';
import { runRow } from './run-row';
import { Theatre } from './stage';
import { together } from './together';

/** The same faults each time; `npm run test:faults` draws others. */
const SEED = Number(process.env.MATRIX_SEED ?? 13);

const rows = [...ROWS.filter(({ isOfOrders }) => !isOfOrders), together(ROWS.filter(({ isOfOrders }) => isOfOrders))];

jest.setTimeout(300_000);

test('faults are drawn so that each two properties meet, and the same by the same seed', () => {
  const dimensions = {
    step: ['stock', 'payment', 'shipment'],
    when: ['before', 'sent', 'after'],
    how: ['kill', 'stop'],
  };
  const isPossible = ({ step, when }: { step: string; when: string }) => step !== 'stock' || when !== 'sent';
  const draw = (seed: number) => drawPairwise(new Random(seed), dimensions, 12, isPossible);
  const drawn = draw(1);
  expect(draw(1)).toEqual(drawn);
  expect(draw(2)).not.toEqual(drawn);
  const pairsOf = (one: string, other: string) =>
    new Set(drawn.map((values) => JSON.stringify([values[one as 'step'], values[other as 'step']]))).size;
  expect([pairsOf('step', 'when'), pairsOf('step', 'how'), pairsOf('when', 'how')]).toEqual([8, 6, 6]);
});

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
