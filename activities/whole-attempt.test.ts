import type { AttemptStep, Planned } from '../contracts/workflow/attempt-steps';
import type { Db } from '../db/connection';
import { createWholeAttempt } from './whole-attempt';

const step = (name: string, kind: string, what: string) => ({ name, kind, do: what }) as unknown as AttemptStep;
const payment = step('payment', 'provider', 'charge');
const wrap = step('coupon', 'database', 'redeemCoupon');
const shipment = step('shipment', 'provider', 'createShipment');
let plan: readonly Planned[] = [];
jest.mock('../contracts/workflow/attempt-steps', () => ({
  ...jest.requireActual<object>('../contracts/workflow/attempt-steps'),
  plannedBy: () => plan,
  firstPlannedOf: () => plan[0],
}));

/** An attempt with these steps, on a database that gives each list of calls what the test says. */
function attempt(planned: readonly Planned[], answers: readonly (readonly unknown[] | Error)[]) {
  plan = planned;
  const left = [...answers];
  const calls: string[] = [];
  const raw = (_sql: string, [json]: [string]) => {
    calls.push((JSON.parse(json) as { call: string }[]).map((one) => one.call).join(' + '));
    const answer = left.shift();
    const rows = answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ rows: [{ result: answer }] });
    return Object.assign(rows, { options: () => undefined });
  };
  const asked: string[] = [];
  const work = (name: string) => (): Promise<{ providerRef: string }> => {
    asked.push(name);
    return Promise.resolve({ providerRef: name });
  };
  const { tryAttempt } = createWholeAttempt({
    db: { raw } as unknown as Db,
    fastMs: 60_000,
    work: { payment: work('payment'), shipment: work('shipment'), warehouse: work('warehouse') },
    database: {
      redeemCoupon: () => {
        asked.push('coupon');
        return Promise.resolve();
      },
    },
    announce: () => undefined,
  });
  const key = { orderId: 1, attempt: 1, eventId: 'e', retryCount: 0 };
  const run = () => tryAttempt({ ...key, order: { hasCoupon: false, totalMinor: 1 }, atMs: 0 });
  return { run, calls, asked };
}

const accepted = { accepted: true, totalMinor: 1, hasCoupon: false, request: { warehouseStorage: false } };
const begun = (name: string) => ({ orderId: 1, step: name, attempt: 1, state: 'UNKNOWN', refusedCode: null });

describe('an attempt as a whole', () => {
  test('lets the end of a step and the beginning of the next share a transaction', async () => {
    const { run, calls } = attempt(
      [payment, shipment],
      [
        [accepted, begun('payment')],
        [{}, begun('shipment')],
        [{}, {}],
      ],
    );
    expect(await run()).toMatchObject({ accepted: true, ended: 'DONE' });
    expect(calls).toEqual(['begin_attempt + begin_step', 'finish_step + begin_step', 'finish_step + settle_attempt']);
  });

  test('does nothing after a step that is refused, wherever the next one has its effect', async () => {
    const refused = { refusedCode: 'CARD_DECLINED' };
    const first = [accepted, begun('payment')];
    for (const others of [[shipment], [wrap, shipment], []]) {
      const { run, asked } = attempt([payment, ...others], [first, [refused]]);
      expect(await run()).not.toHaveProperty('ended');
      expect(asked).toEqual(['payment']);
    }
  });

  test('says nothing of an end where its settlement fails', async () => {
    const failed = Object.assign(new Error('refused'), { code: 'OS002', constraint: 'STEPS_NOT_DONE' });
    const { run } = attempt([payment], [[accepted, begun('payment')], failed]);
    expect(await run()).not.toHaveProperty('ended');
  });
});
