import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';

const HOUR_MS = 3_600_000;

const DIMENSIONS = {
  role: ['worker', 'bridge', 'relay', 'api'],
  offMs: [HOUR_MS, -HOUR_MS],
} as const;
type Case = { readonly [Name in keyof typeof DIMENSIONS]: (typeof DIMENSIONS)[Name][number] };

export const clockOff: Row = {
  name: 'clock-off',
  title: 'the clock of one process is an hour fast or slow',
  times: 10,
  small: 2,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8'],
  async run(stage, times) {
    const cases = drawPairwise(stage.random, DIMENSIONS, times);
    if (times <= clockOff.small) await areOff(stage, cases);
    else for (const one of cases) await areOff(stage, [one]);
  },
};

async function areOff(stage: Stage, cases: readonly Case[]): Promise<void> {
  await Promise.all(cases.map(({ role, offMs }) => stage.replace(role, { MATRIX_CLOCK_OFF_MS: String(offMs) })));
  for (const { role, offMs } of cases) {
    const { pid } = stage.system.role(role);
    const seen = stage.evidence().find((passed) => passed.point === 'clock' && passed.pid === pid);
    if (!seen) throw new Error(`the clock of the ${role} is right`);
    stage.injected({
      fault: `${role}: clock ${offMs / HOUR_MS} h off`,
      pid,
      what: `it says ${seen.what}`,
      at: seen.at,
    });
  }
  await stage.customers.more(6);
  await Promise.all(cases.map(({ role }) => stage.replace(role)));
}
