import { drawPairwise } from '../random';
import type { Row } from '../row';
import { type KillPoint, killAt } from './kill-at';

const WHEN = ['before', 'sent', 'after'] as const;

/** Where a step's do and undo can die; own steps have one write, a provider's an intent, a call and an outcome. */
const PARTS = {
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
type Work = keyof typeof PARTS;

export const workerKilled: Row = {
  name: 'worker-killed',
  title: 'kill -9 of the worker before, inside and after each step and undo',
  times: 200,
  small: 2,
  customers: 6,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I9', 'I10'],
  async run(stage, times) {
    const work = Object.keys(PARTS) as Work[];
    const part = [...new Set(Object.values(PARTS).flat())];
    const cases = drawPairwise(stage.random, { work, part, when: WHEN }, times, (one) =>
      (PARTS[one.work] as readonly string[]).includes(one.part),
    );
    const points = cases.map((one): KillPoint => ({ point: `${one.work} ${one.part} ${one.when}` }));
    await killAt(stage, 'worker', points, 2);
  },
};

export const bridgeKilled: Row = {
  name: 'bridge-killed',
  title:
    'kill -9 of a bridge before a start, after it and before the commit, and while two share out their partitions anew',
  times: 100,
  small: 1,
  invariants: ['I1', 'I5', 'I6'],
  async run(stage, times) {
    const calls = ['kafka batch before'];
    for (const call of ['StartWorkflowExecution', 'SignalWithStartWorkflowExecution'])
      for (const when of WHEN) calls.push(`temporal ${call} ${when}`);
    for (const when of WHEN) calls.push(`kafka commit ${when}`);
    calls.push('kafka rebalance before');
    const points = drawPairwise(stage.random, { point: calls }, times);
    await killAt(stage, 'bridge', points, 3);
  },
};

export const relayKilled: Row = {
  name: 'relay-killed',
  title: 'kill -9 of one of two relays, after it has sent and before it has marked',
  times: 60,
  small: 1,
  invariants: ['I1', 'I5', 'I6', 'I7'],
  async run(stage, times) {
    const point = [
      'kafka send sent',
      'kafka send after',
      'outbox mark before',
      'outbox mark sent',
      'outbox mark after',
    ];
    await killAt(stage, 'relay', drawPairwise(stage.random, { point }, times), 2);
  },
};

/** Every request of a customer that changes something. */
const POSTS = {
  'an order': '^/api/orders$',
  'a payment': 'process-payment-shipment$',
  'a cancel': '/cancel$',
  'a refund': '/refund$',
  'a coupon': '^/api/coupons/',
} as const;

export const apiKilled: Row = {
  name: 'api-killed',
  title: 'kill -9 of the api around the commit of a request, before its response; the same request comes again',
  times: 60,
  small: 1,
  customers: 6,
  invariants: ['I1', 'I2', 'I4', 'I5', 'I7'],
  async run(stage, times) {
    const post = Object.keys(POSTS) as (keyof typeof POSTS)[];
    const drawn = drawPairwise(stage.random, { post, when: WHEN }, times);
    const points = drawn.map((one): KillPoint => ({ point: `response save ${one.when}`, about: POSTS[one.post] }));
    await killAt(stage, 'api', points, 2, (all) => {
      stage.apis = all.map(({ url }) => url);
    });
  },
};
