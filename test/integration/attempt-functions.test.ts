import { randomUUID } from 'node:crypto';
import { topicDefinition } from '../../contracts/topics';
import {
  type AttemptKey,
  type BegunAttempt,
  type BegunStep,
  beginAttempt,
  beginStep,
  call,
  callInOrder,
  finishStep,
  makeMove,
  settleAttempt,
} from '../../db/attempts';
import type { Trx } from '../../db/connection';
import { insertRequest } from '../../db/requests';
import { insertStep } from '../../db/saga-steps';
import { reserveStock } from '../../db/stock';
import { Fixture } from '../support/fixture';
import { payBody } from '../support/shop';

/** The functions in `db/functions` that every order passes through; each test's rows are forgotten again. */
describe('the database functions of an attempt', () => {
  const shop = new Fixture().shop();
  const at = new Date('2026-11-28T09:00:00.123Z');
  let trx: Trx;

  beforeEach(async () => {
    trx = await shop.db.transaction();
  });
  afterEach(() => trx.rollback());

  /** Tries what is refused, so that the transaction goes on. */
  async function refusal(work: () => Promise<unknown>): Promise<{ code?: string; constraint?: string } | undefined> {
    const savepoint = await trx.transaction();
    const outer = trx;
    trx = savepoint;
    try {
      await work();
      return undefined;
    } catch (error) {
      return error as { code?: string; constraint?: string };
    } finally {
      trx = outer;
      await savepoint.rollback();
    }
  }

  async function created({ free = 5, quantity = 2 } = {}): Promise<{ orderId: number; sku: string }> {
    const sku = `sku-${randomUUID()}`;
    await trx('products').insert({ sku, name: 'Mug', price_minor: 1_000, free_units: free });
    const [row] = (await trx('orders')
      .insert({ user_id: 'u', user_email: 'u@example.com', currency: 'KRW', total_minor: 2_000 })
      .returning('id')) as { id: number }[];
    const orderId = row?.id as number;
    await trx('order_lines').insert({ order_id: orderId, sku, name: 'Mug', quantity, unit_price_minor: 1_000 });
    return { orderId, sku };
  }

  const reserve = (orderId: number, runId = 'run') =>
    reserveStock(trx, { orderId, runId, at, holdExpiresAt: new Date(at.getTime() + 60_000), notification: 'short' });

  async function payable(): Promise<AttemptKey & { sku: string }> {
    const { orderId, sku } = await created();
    await reserve(orderId);
    const key = { orderId, eventId: randomUUID(), retryCount: 0, attempt: 1 };
    await request(key);
    return { ...key, sku };
  }

  async function request(key: Omit<AttemptKey, 'attempt'>): Promise<void> {
    const requestDto = {
      ...payBody(),
      paymentRequest: { method: 'CARD' as const, token: 'tok_visa' },
    };
    const event = { ...key, eventCreatedAt: at.toISOString(), schemaVersion: 1 as const, requestDto };
    await insertRequest(trx, { ...event, userEmail: 'u@example.com' }, 'kafka');
  }

  const begin = (key: AttemptKey) => call<BegunAttempt>(trx, beginAttempt(key, at));
  const stepsOf = ({ orderId }: { orderId: number }) =>
    trx('saga_steps').where({ order_id: orderId }).orderBy('key').pluck<string[]>('state');
  const stockOf = (sku: string) => trx('products').where({ sku }).first('free_units', 'held_units', 'sold_units');
  const orderOf = ({ orderId }: { orderId: number }) =>
    trx('orders').where({ id: orderId }).first('status', 'saga_state', 'saga_state_at');
  const settle = (key: AttemptKey, steps: ('payment' | 'shipment' | 'warehouse')[], isStored = false) =>
    settleAttempt(key, { steps, isStored, notification: 'paid', at });

  async function begunStep(key: AttemptKey, step: 'payment' | 'shipment' | 'warehouse'): Promise<BegunStep> {
    return call(trx, beginStep(key, step));
  }

  async function paidAndShipped(key: AttemptKey): Promise<void> {
    await begin(key);
    await call(trx, finishStep(await begunStep(key, 'payment'), { providerRef: 'pay-1', chargedMinor: 2_000 }));
    await call(trx, finishStep(await begunStep(key, 'shipment'), { providerRef: 'parcel-1' }));
  }

  test('every event that they write fits its topic', async () => {
    const paid = await payable();
    await paidAndShipped(paid);
    await call(trx, settle(paid, ['payment', 'shipment']));
    const { orderId: short } = await created({ free: 1 });
    await reserve(short);
    const rows = (await trx('outbox')
      .whereIn('key', [String(paid.orderId), String(short)])
      .orderBy('id')) as { topic: 'order.status.changed' | 'stock.decrease.failed'; key: string; value: string }[];
    for (const { topic, value } of rows) topicDefinition(topic).schema.parse(JSON.parse(value));
    expect(rows.map(({ topic, value }) => [topic, (JSON.parse(value) as { to?: string }).to])).toEqual([
      ['order.status.changed', 'PENDING_PAYMENT'],
      ['order.status.changed', 'PAYMENT_COMPLETED'],
      ['order.status.changed', 'PREPARING'],
      ['stock.decrease.failed', undefined],
      ['order.status.changed', 'CANCELLED'],
    ]);
    const [first] = rows.map(({ value }) => JSON.parse(value) as { eventCreatedAt: string; orderId: number });
    expect(first).toMatchObject({ eventCreatedAt: at.toISOString(), orderId: paid.orderId });
  });

  describe('reserve_stock', () => {
    test('holds every line once, however often it is repeated', async () => {
      const { orderId, sku } = await created();
      const held = { outcome: 'HELD', totalMinor: 2_000, hasCoupon: false };
      expect(await reserve(orderId)).toEqual(held);
      const untouched = { status: 'PENDING_PAYMENT', attempt: 0, declines: 0, refusals: 0, requests: [] };
      const holdLeftMs = expect.any(Number);
      expect(await reserve(orderId)).toEqual({ ...held, resumed: { ...untouched, holdLeftMs } });
      expect(await reserve(orderId, 'another run')).toEqual({ outcome: 'DUPLICATE' });
      expect(await stockOf(sku)).toEqual({ free_units: 3, held_units: 2, sold_units: 0 });
      expect(await orderOf({ orderId })).toEqual({
        status: 'PENDING_PAYMENT',
        saga_state: 'WAITING',
        saga_state_at: at,
      });
    });

    test('leaves another run as much of the hold as there was when a retry was scheduled', async () => {
      const key = await payable();
      await request({ ...key, retryCount: 1 });
      await trx('processing_requests')
        .where({ order_id: key.orderId, retry_count: 1 })
        .update({ created_at: new Date(at.getTime() + 20_000) });
      expect(await reserve(key.orderId)).toMatchObject({ resumed: { holdLeftMs: 40_000 } });
      await begin({ ...key, retryCount: 1 });
      expect(await reserve(key.orderId)).toMatchObject({ resumed: { holdLeftMs: 40_000 } });
    });

    test('holds nothing where one line is short, and cancels the order', async () => {
      const { orderId, sku } = await created({ free: 1 });
      const other = `sku-${randomUUID()}`;
      await trx('products').insert({ sku: other, name: 'Cup', price_minor: 1, free_units: 9 });
      await trx('order_lines').insert({ order_id: orderId, sku: other, name: 'Cup', quantity: 1, unit_price_minor: 1 });
      expect(await reserve(orderId)).toEqual({ outcome: 'SHORT' });
      expect(await reserve(orderId)).toEqual({ outcome: 'SHORT' });
      expect(await stockOf(sku)).toEqual({ free_units: 1, held_units: 0, sold_units: 0 });
      expect(await stockOf(other)).toEqual({ free_units: 9, held_units: 0, sold_units: 0 });
      expect(await orderOf({ orderId })).toMatchObject({ status: 'CANCELLED', saga_state: 'SETTLED' });
      expect(await trx('notifications').where({ order_id: orderId }).pluck('body')).toEqual(['short']);
    });

    test('holds nothing once the stock was released, nor for an order that is not there', async () => {
      const { orderId } = await created();
      await insertStep(trx, { orderId, step: 'stock', attempt: 0 }, 'UNDONE');
      const closed = { outcome: 'CLOSED', totalMinor: 2_000, hasCoupon: false, status: 'CREATED' };
      expect(await reserve(orderId)).toEqual({ ...closed, left: [], isSettled: false });
      expect(await reserve(2 ** 40)).toEqual({ outcome: 'UNKNOWN_ORDER' });
    });
  });

  describe('begin_attempt', () => {
    test('accepts a request as one attempt, and says how that has ended', async () => {
      const key = await payable();
      const accepted = { accepted: true, totalMinor: 2_000, hasCoupon: false };
      expect(await begin(key)).toMatchObject(accepted);
      expect(await begin(key)).toMatchObject(accepted);
      expect(await begin({ ...key, attempt: 2 })).toEqual({ accepted: false, why: 'REQUEST_RUNNING' });
      const failure = { code: 'CARD_DECLINED', kind: 'DECLINED' };
      await trx('processing_requests')
        .where({ order_id: key.orderId })
        .update({ failure: JSON.stringify(failure) });
      expect(await begin(key)).toMatchObject({ ...accepted, ended: 'FAILED', status: 'PENDING_PAYMENT', failure });
      await trx('processing_requests').where({ order_id: key.orderId }).update({ failure: null, state: 'DONE' });
      expect(await begin(key)).toMatchObject({ ...accepted, ended: 'DONE' });
      expect(await begin({ ...key, eventId: 'unknown' })).toEqual({ accepted: false, why: 'REQUEST_NOT_FOUND' });
    });

    test('takes the place of a retry that waits', async () => {
      const key = await payable();
      const retry = { ...key, eventId: randomUUID(), retryCount: 1 };
      await request(retry);
      await begin(key);
      expect(await begin({ ...retry, attempt: 2 })).toEqual({ accepted: false, why: 'REQUEST_REPLACED' });
    });

    test('skips a request whose order is not payable, or is about to end', async () => {
      const key = await payable();
      await trx('orders')
        .where({ id: key.orderId })
        .update({ saga_state: 'COMPENSATING', status_reason: 'HOLD_EXPIRED' });
      expect(await begin(key)).toEqual({ accepted: false, why: 'ORDER_ENDING' });
      const late = { ...key, eventId: randomUUID() };
      await request(late);
      await trx('orders').where({ id: key.orderId }).update({ status: 'CANCELLED' });
      expect(await begin(late)).toEqual({ accepted: false, why: 'ORDER_CANCELLED' });
      const ends = trx('processing_requests').where({ order_id: key.orderId }).orderBy('created_at');
      expect(new Set(await ends.pluck('reason'))).toEqual(new Set(['HOLD_EXPIRED', 'order is CANCELLED']));
    });
  });

  describe('begin_step and finish_step', () => {
    test('record one effect, with its money, however often they run', async () => {
      const key = await payable();
      await begin(key);
      const payment = await begunStep(key, 'payment');
      expect(payment).toMatchObject({ isNew: true, state: 'UNKNOWN', totalMinor: 2_000, currency: 'KRW' });
      expect(payment.request).toMatchObject({ paymentRequest: { token: 'tok_visa' } });
      expect(await begunStep(key, 'payment')).toMatchObject({ isNew: false, state: 'UNKNOWN' });
      const finish = finishStep(payment, { providerRef: 'pay-1', chargedMinor: 2_000 });
      expect(await call(trx, finish)).toEqual({});
      expect(await call(trx, finish)).toEqual({});
      expect(await begunStep(key, 'payment')).toMatchObject({ isNew: false, state: 'DONE', providerRef: 'pay-1' });
      const money = trx('money_movements').where({ order_id: key.orderId });
      expect(await money.select('kind', 'amount_minor', 'provider_ref')).toEqual([
        { kind: 'charge', amount_minor: 2_000, provider_ref: 'pay-1' },
      ]);
    });

    test('keep the first outcome: a refusal, or the undo that came first', async () => {
      const key = await payable();
      await begin(key);
      const payment = await begunStep(key, 'payment');
      const refused = { refusedCode: 'CARD_DECLINED' };
      expect(await call(trx, finishStep(payment, refused))).toEqual(refused);
      expect(await call(trx, finishStep(payment, { providerRef: 'pay-1', chargedMinor: 2_000 }))).toEqual(refused);
      expect(await trx('money_movements').where({ order_id: key.orderId })).toEqual([]);

      await insertStep(trx, { ...key, step: 'shipment' }, 'UNDONE');
      const shipment = await begunStep(key, 'shipment');
      expect(shipment).toMatchObject({ isNew: false, state: 'UNDONE' });
      const late = await refusal(() => call(trx, finishStep(shipment, { providerRef: 'parcel-1' })));
      expect(late).toMatchObject({ code: 'OS002', constraint: 'STEP_CLOSED' });
    });
  });

  describe('settle_attempt', () => {
    test('sells the stock and notifies the customer, once', async () => {
      const key = await payable();
      await paidAndShipped(key);
      await call(trx, settle(key, ['payment', 'shipment']));
      await call(trx, settle(key, ['payment', 'shipment']));
      expect(await orderOf(key)).toMatchObject({ status: 'PREPARING', saga_state: 'WAITING' });
      expect(await stockOf(key.sku)).toEqual({ free_units: 3, held_units: 0, sold_units: 2 });
      expect(await trx('notifications').where({ order_id: key.orderId }).pluck('body')).toEqual(['paid']);
    });

    test('completes an order whose goods are stored, after the payment was completed', async () => {
      const key = await payable();
      await paidAndShipped(key);
      await call(trx, makeMove('completePayment', key, ['payment', 'shipment'], at));
      expect(await orderOf(key)).toMatchObject({ status: 'PAYMENT_COMPLETED', saga_state: 'RUNNING' });
      await call(trx, finishStep(await begunStep(key, 'warehouse'), { providerRef: 'shelf-1' }));
      await call(trx, settle(key, ['payment', 'shipment', 'warehouse'], true));
      expect(await orderOf(key)).toMatchObject({ status: 'COMPLETED', saga_state: 'SETTLED' });
    });

    test('settles nothing of which a step is missing or undone, or that has ended', async () => {
      const key = await payable();
      await begin(key);
      await call(trx, finishStep(await begunStep(key, 'payment'), { providerRef: 'pay-1', chargedMinor: 2_000 }));
      const steps = ['payment', 'shipment'] as const;
      const missing = { code: 'OS002', constraint: 'STEPS_NOT_DONE' };
      expect(await refusal(() => call(trx, settle(key, [...steps])))).toMatchObject(missing);
      await call(trx, finishStep(await begunStep(key, 'shipment'), { providerRef: 'parcel-1' }));
      await trx('saga_steps')
        .where({ key: `${key.orderId}:stock:0` })
        .update({ state: 'UNDONE' });
      expect(await refusal(() => call(trx, settle(key, [...steps])))).toMatchObject(missing);
      const ended = { code: 'OS002', constraint: 'ATTEMPT_ENDED' };
      expect(await refusal(() => call(trx, settle({ ...key, attempt: 2 }, [])))).toMatchObject(ended);
      const failure = JSON.stringify({ code: 'NO', kind: 'REFUSED' });
      await trx('processing_requests').where({ order_id: key.orderId }).update({ failure });
      expect(await refusal(() => call(trx, settle(key, [...steps])))).toMatchObject(ended);
      const nowhere = { ...key, orderId: 2 ** 40 };
      expect(await refusal(() => call(trx, settle(nowhere, [])))).toMatchObject({
        code: 'OS003',
        constraint: 'ORDER_NOT_FOUND',
      });
    });
  });

  describe('call_in_order', () => {
    test('is one transaction: what a later call refuses, the earlier ones have not done', async () => {
      const key = await payable();
      await begin(key);
      const payment = await begunStep(key, 'payment');
      const calls = [finishStep(payment, { providerRef: 'pay-1', chargedMinor: 2_000 }), settle(key, ['shipment'])];
      expect(await refusal(() => callInOrder(trx, calls))).toMatchObject({ code: 'OS002' });
      expect(await stepsOf(key)).toEqual(['UNKNOWN', 'DONE']);
    });

    test('calls nothing after a refusal, or for an attempt that is not accepted or over', async () => {
      const key = await payable();
      const unknown = [beginAttempt({ ...key, eventId: 'unknown' }, at), beginStep(key, 'payment')];
      expect(await callInOrder(trx, unknown)).toEqual([{ accepted: false, why: 'REQUEST_NOT_FOUND' }]);
      await begin(key);
      const payment = await begunStep(key, 'payment');
      const refused = { refusedCode: 'CARD_DECLINED' };
      expect(await callInOrder(trx, [finishStep(payment, refused), beginStep(key, 'shipment')])).toEqual([refused]);
      await trx('processing_requests').where({ order_id: key.orderId }).update({ state: 'DONE' });
      expect(await callInOrder(trx, [beginAttempt(key, at), beginStep(key, 'shipment')])).toHaveLength(1);
      expect(await stepsOf(key)).toEqual(['FAILED', 'DONE']);
    });
  });
});
