import { SIGNALS } from '../../contracts/workflow/messages';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';
import { aDecision } from '../support/workflow-operator';
import { TimeHarness } from './time-harness';

const MINUTE = 60_000;

describe('a decision about an undo that was refused', () => {
  const time = new Fixture().declare(new TimeHarness());

  /** An order whose money the provider refuses to give back, so often. */
  async function parked(times = 99): Promise<number> {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.pay(orderId, { token: `tok_undo_refused:${times}`, recipientName: 'fault:ship_refused' });
    await orders.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
    return orderId;
  }

  test.each([
    ['SKIP', {}],
    ['DONE_EXTERNALLY', { reference: 'bank transfer 4711' }],
  ])('%s writes the adjustment that makes the ledger balance, once for the same decisionId', async (decision, more) => {
    const { orders } = time;
    const orderId = await parked();
    const whole = { ...aDecision('payment', decision), ...more };
    for (const _ of [1, 2, 3]) await orders.signal(orderId, SIGNALS.resolveCompensation, whole);
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    await orders.signal(orderId, SIGNALS.resolveCompensation, whole);
    expect(await money(orderId)).toEqual(['charge 1000', 'adjustment 1000']);
    expect(await orders.timeline(orderId, 'resolution')).toHaveLength(1);
    await expectLedgersToBalance(orders, orderId);

    await orders.pay(orderId);
    await orders.reaches(orderId, 'PREPARING/WAITING');
    await expectLedgersToBalance(orders, orderId);
    expect(await orders.cancel(orderId)).toEqual({ accepted: true });
    expect(await money(orderId)).toEqual(['charge 1000', 'adjustment 1000', 'charge 1000', 'refund 1000']);
    expect(await orders.timeline(orderId, 'refused')).toEqual([]);
    await expectLedgersToBalance(orders, orderId);
  });

  test('RETRY asks the provider again, and parks again when that is refused, too', async () => {
    const { orders } = time;
    const orderId = await parked(2);
    await orders.resolve(orderId, 'payment', 'RETRY');
    const resolutions = () => orders.timeline(orderId, 'resolution');
    await until('the first decision', resolutions, (rows) => rows.length === 1);
    await orders.resolve(orderId, 'payment', 'RETRY');
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    expect(await money(orderId)).toEqual(['charge 1000', 'refund 1000']);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test('DONE_EXTERNALLY without a reference, and anything else that is not whole, is refused and written down', async () => {
    const { orders } = time;
    const orderId = await parked();
    const wrong = [
      aDecision('payment', 'DONE_EXTERNALLY'),
      { ...aDecision('payment', 'DONE_EXTERNALLY'), reference: '' },
      aDecision('payment', 'FORGET'),
      { ...aDecision('payment', 'SKIP'), reason: undefined },
      aDecision('shipment', 'SKIP'),
    ];
    for (const decision of wrong) await orders.signal(orderId, SIGNALS.resolveCompensation, decision);
    await until(
      'the refusals',
      () => orders.timeline(orderId, 'refused'),
      (rows) => rows.length === wrong.length,
    );
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');

    const ask = (decision: unknown) => orders.orderHandle(orderId).executeUpdate('resolve', { args: [decision] });
    for (const decision of [...wrong, undefined, null, 'SKIP'])
      await expect(ask(decision)).rejects.toMatchObject({ cause: { type: 'NOT_RESOLVABLE' } });
    const { events } = await orders.orderHandle(orderId).fetchHistory();
    expect((events ?? []).some((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toBe(false);

    await ask(aDecision('payment', 'SKIP'));
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    await expect(ask(aDecision('payment', 'SKIP'))).rejects.toMatchObject({
      cause: { message: 'nothing waits for a decision' },
    });
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test('is one: of several at once by update the others are refused, by signal they are written down', async () => {
    const { orders } = time;
    const orderId = await parked();
    const ask = () => {
      const decision = { ...aDecision('payment', 'DONE_EXTERNALLY'), reference: 'bank transfer 4711' };
      return orders.orderHandle(orderId).executeUpdate('resolve', { args: [decision] });
    };
    const asked = await Promise.allSettled([ask(), ask(), ask()]);
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    expect(await money(orderId)).toEqual(['charge 1000', 'adjustment 1000']);

    const other = await parked();
    const [first, second] = [aDecision('payment', 'SKIP'), aDecision('payment', 'SKIP')];
    await Promise.all([first, second].map((decision) => orders.signal(other, SIGNALS.resolveCompensation, decision)));
    await orders.reaches(other, 'PENDING_PAYMENT/WAITING');
    await until(
      'the refusal',
      () => orders.timeline(other, 'refused'),
      (rows) => rows.length === 1,
    );
    expect(await money(other)).toEqual(['charge 1000', 'adjustment 1000']);
    for (const id of [orderId, other]) {
      await expectLedgersToBalance(orders, id);
      await orders.cancel(id);
    }
  });

  test('can not reach into another order by fields that it should not have', async () => {
    const { orders } = time;
    const [orderId, other] = [await parked(), await parked()];
    await orders.resolve(orderId, 'payment', 'SKIP', { orderId: other, attempt: 7 });
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    expect(await money(other)).toEqual(['charge 1000']);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
    await orders.resolve(other, 'payment', 'SKIP');
    await orders.reaches(other, 'PENDING_PAYMENT/WAITING');
    await orders.cancel(other);
  });

  test('whose id was used for another order is refused, so that no adjustment is missing', async () => {
    const { orders } = time;
    const [first, second] = [await parked(), await parked()];
    const decision = aDecision('payment', 'SKIP');
    await orders.signal(first, SIGNALS.resolveCompensation, decision);
    await orders.reaches(first, 'PENDING_PAYMENT/WAITING');
    await orders.signal(second, SIGNALS.resolveCompensation, decision);
    await until(
      'the refusal',
      () => orders.timeline(second, 'refused'),
      (rows) => rows.length === 1,
    );
    expect(await orders.state(second)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');
    expect(await money(second)).toEqual(['charge 1000']);
    await orders.resolve(second, 'payment', 'SKIP');
    await orders.reaches(second, 'PENDING_PAYMENT/WAITING');
    for (const orderId of [first, second]) {
      await expectLedgersToBalance(orders, orderId);
      await orders.cancel(orderId);
    }
  });

  test('that can not be carried out while the provider is unavailable is recorded, and may be sent again', async () => {
    const { orders } = time;
    const orderId = await parked();
    await orders.providers.outage(orderId, 'unavailable');
    const decision = aDecision('payment', 'SKIP');
    await orders.signal(orderId, SIGNALS.resolveCompensation, decision);
    const refusals = async () => String((await orders.timeline(orderId, 'refused')).length);
    await time.passUntil(refusals, '1', 3 * MINUTE);
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');
    await orders.providers.outage(orderId, 'none');
    await orders.signal(orderId, SIGNALS.resolveCompensation, decision);
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    expect(await money(orderId)).toEqual(['charge 1000', 'adjustment 1000']);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test.each([
    ['RETRY', {}],
    ['SKIP', {}],
    ['DONE_EXTERNALLY', { reference: 'by hand' }],
  ])('%s ends the undo of a coupon that the database refused to give back', async (decision, more) => {
    const { orders } = time;
    const coupon = await orders.coupon();
    const { orderId } = await orders.payable(10, coupon);
    const giveBack = await keepRedeemed(orderId);
    await orders.pay(orderId, { recipientName: 'fault:ship_refused' });
    await orders.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
    expect(await couponState(orders, coupon.code)).toBe(`redeemed by ${orderId}`);
    expect(await money(orderId)).toEqual(['charge 700', 'refund 700']);
    await giveBack();
    await orders.resolve(orderId, 'coupon', decision, more);
    await orders.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    expect(
      await orders
        .db('saga_steps')
        .where({ key: `${orderId}:coupon:1` })
        .pluck('state'),
    ).toEqual([decision === 'SKIP' ? 'SKIPPED' : 'UNDONE']);
    await expectLedgersToBalance(orders, orderId);

    await orders.pay(orderId);
    await orders.reaches(orderId, 'PREPARING/WAITING');
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
    expect(await couponState(orders, coupon.code)).toBe('free');
  });

  /** The order's coupon can't be unredeemed until the returned function is called. */
  async function keepRedeemed(orderId: number): Promise<() => Promise<unknown>> {
    const name = `keep_redeemed_${orderId}`;
    await time.orders.db.raw(`
      create function ${name}() returns trigger language plpgsql as $$
      begin raise exception 'refused by the test' using errcode = 'OS001'; end $$;
      create trigger ${name} before update on coupon_requests for each row
        when (old.order_id = ${orderId} and old.redeemed_at is not null) execute function ${name}();
    `);
    return () => time.orders.db.raw(`drop trigger ${name} on coupon_requests; drop function ${name}`);
  }

  async function money(orderId: number): Promise<string[]> {
    const rows = (await time.orders
      .db('money_movements')
      .where({ order_id: orderId })
      .orderBy('id')
      .select('kind', 'amount_minor')) as { kind: string; amount_minor: number }[];
    return rows.map((row) => `${row.kind} ${row.amount_minor}`);
  }
});
