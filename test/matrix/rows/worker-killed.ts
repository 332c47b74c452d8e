import { drawPairwise } from '../random';
import type { Row } from '../row';

/** Where a step's do and undo can die; own steps have one write, a provider's an intent, a call and an outcome. */
const POINTS = {
  'stock do': ['outcome'],
  'stock undo': ['outcome'],
  'coupon do': ['outcome'],
  'coupon undo': ['outcome'],
  'payment open': ['call'],
  'payment do': ['intent', 'opened', 'call', 'outcome'],
  'payment undo': ['intent', 'call', 'outcome'],
  'shipment do': ['intent', 'call', 'outcome'],
  'shipment undo': ['intent', 'call', 'outcome'],
  'warehouse do': ['intent', 'call'],
  'warehouse undo': ['intent', 'call', 'outcome'],
  attempt: ['begin', 'settle', 'close'],
  order: ['cancel'],
} as const;
type Work = keyof typeof POINTS;

const DIMENSIONS = {
  work: Object.keys(POINTS) as Work[],
  part: ['intent', 'opened', 'call', 'outcome', 'begin', 'settle', 'close', 'cancel'],
  when: ['before', 'sent', 'after'],
} as const;

export const workerKilled: Row = {
  name: 'worker-killed',
  title: 'kill -9 of the worker before, inside and after each step and undo',
  times: 200,
  small: 6,
  invariants: ['I1', 'I2', 'I3', 'I5', 'I9', 'I10'],
  async run(stage, times) {
    const isPoint = ({ work, part }: { work: Work; part: string }) =>
      (POINTS[work] as readonly string[]).includes(part);
    for (const { work, part, when } of drawPairwise(stage.random, DIMENSIONS, times, isPoint)) {
      const point = `${work} ${part} ${when}`;
      const met = await stage.meets(stage.system.role('worker'), { point, signal: 'SIGKILL' });
      if (met) await stage.system.startRole('worker');
      else stage.problems.push(`${point} was not passed`);
    }
  },
};
