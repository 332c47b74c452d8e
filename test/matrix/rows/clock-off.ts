import type { Settings } from '../../support/environment';
import { libfaketime } from '../libfaketime';
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
    if (times <= clockOff.small) return areOff(stage, cases);
    const library = await libfaketime((line) => stage.notes.push(line));
    stage.notes.push(`the time of day of ${library ? 'the whole process, by libfaketime' : 'JavaScript only'}`);
    for (const one of cases) await areOff(stage, [one], library);
  },
};

async function areOff(stage: Stage, cases: readonly Case[], library?: string): Promise<void> {
  await Promise.all(cases.map(({ role, offMs }) => stage.replace(role, clockSettings(offMs, library))));
  for (const { role, offMs } of cases) {
    const { pid } = stage.system.role(role);
    const seen = stage.evidence().find((passed) => passed.point === 'clock' && passed.pid === pid);
    const isOff = seen && Math.abs(Date.parse(seen.at) - Date.now() - offMs) < HOUR_MS / 2;
    if (!isOff) throw new Error(`the clock of the ${role} is right`);
    stage.injected({
      fault: `${role}: clock ${offMs / HOUR_MS} h off`,
      pid,
      what: `it says ${seen.at}`,
    });
  }
  await stage.customers.more(6);
  await Promise.all(cases.map(({ role }) => stage.replace(role)));
}

function clockSettings(offMs: number, library: string | undefined): Settings {
  const off = { MATRIX_CLOCK_OFF_MS: String(offMs) };
  if (!library) return off;
  const seconds = offMs / 1_000;
  // What measures how long something takes goes on as it is: a wrong clock is no stopped one.
  const monotonic = { FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
  return { ...off, ...monotonic, LD_PRELOAD: library, FAKETIME: `${seconds > 0 ? '+' : ''}${seconds}` };
}
