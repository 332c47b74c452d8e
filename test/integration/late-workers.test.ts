import { randomUUID } from 'node:crypto';
import { insertRequest, setRequestState } from '../../db/requests';
import { endingRequestKey } from '../../db/timeline';
import type { FailureCause } from '../../domain/failure';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { lateWorker } from '../support/late-worker';
import { expectLedgersToBalance } from '../support/ledgers';
import type { PayRequest } from '../support/shop';
import { payBody } from '../support/shop';
import { until } from '../support/until';

/**
 * A worker that froze goes on a minute later, when another has done its workflow task: what it writes then is of a time
 * that is over. Here an order goes its way, and the frozen worker's next activity is run afterwards.
 */
describe('a worker that comes too late', () => {
  const shop = new Fixture().shop();
  const late = lateWorker(shop);

  interface Call {
    readonly orderId: number;
    readonly attempt: number;
    readonly eventId: string;
    readonly retryCount: number;
  }

  async function lastCall(orderId: number): Promise<Call> {
    const row = (await shop
      .db('processing_requests')
      .where({ order_id: orderId })
      .orderBy('attempt', 'desc')
      .first()) as {
      event_id: string;
      retry_count: number;
      attempt: number;
    };
    return { orderId, eventId: row.event_id, retryCount: row.retry_count, attempt: row.attempt };
  }

  async function preparing(command: PayRequest = {}) {
    const [sku, code] = await Promise.all([shop.product(5), shop.issuedCoupon()]);
    const orderId = await shop.order(sku, 1, code);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await shop.pay(orderId, command);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    return { orderId, sku, code, call: await lastCall(orderId) };
  }

  /** An attempt of which no workflow knows. */
  async function runningAttempt(orderId: number, recipientName = 'Kim'): Promise<Call> {
    const call = { orderId, eventId: randomUUID(), retryCount: 0, attempt: 7 };
    const requestDto = {
      ...payBody({ recipientName }),
      paymentRequest: { method: 'CARD' as const, token: 'tok_visa' },
    };
    const event = { ...call, eventCreatedAt: new Date().toISOString(), schemaVersion: 1 as const, requestDto };
    await insertRequest(shop.db, { ...event, userEmail: 'kim@example.com' }, 'kafka');
    await setRequestState(shop.db, call, 'RUNNING', { attempt: call.attempt });
    return call;
  }

  const final = (type: string) => ({ type, nonRetryable: true });
  const stateOf = (orderId: number) => shop.db('orders').where({ id: orderId }).first('status', 'saga_state');

  test('settles no attempt whose steps were undone, nor one whose order is cancelled', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:ship_refused' });
    await shop.attemptEnds(orderId);
    const call = await lastCall(orderId);
    const settle = () => late.run('settleAttempt', { ...call, stored: false, atMs: Date.now() });
    await expect(settle()).rejects.toMatchObject(final('ATTEMPT_ENDED'));
    await shop.db('processing_requests').where({ order_id: orderId }).update({ state: 'RUNNING', failure: null });
    await expect(settle()).rejects.toMatchObject(final('STEPS_NOT_DONE'));
    await expect(late.run('completePayment', { ...call, atMs: Date.now() })).rejects.toMatchObject(
      final('STEPS_NOT_DONE'),
    );
    await shop.db('processing_requests').where({ order_id: orderId }).update({ state: 'FAILED' });
    expect(await stateOf(orderId)).toEqual({ status: 'PENDING_PAYMENT', saga_state: 'WAITING' });
    await expectLedgersToBalance(shop, orderId);

    await shop.signal(orderId, 'compensate', { reason: 'asked for by phone', actor: 'lee' });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expect(settle()).rejects.toMatchObject(final('ATTEMPT_ENDED'));
    await expectLedgersToBalance(shop, orderId);
  });

  test('undoes nothing of an attempt that was settled meanwhile, and cancels no such order', async () => {
    const { orderId, sku, code, call } = await preparing();
    const { attempt } = call;
    const undo = { orderId, attempt, isSettled: false };
    for (const name of ['cancelShipment', 'refund', 'restoreCoupon'] as const)
      await expect(late.run(name, undo)).rejects.toMatchObject(final('ATTEMPT_SETTLED'));
    await expect(late.run('releaseStock', { orderId, isSettled: false })).rejects.toMatchObject(
      final('ATTEMPT_SETTLED'),
    );
    const end = { code: 'CANCELLED_BY_CUSTOMER', reason: 'changed my mind', atMs: Date.now() };
    await expect(late.run('cancelOrder', { orderId, ...end })).rejects.toMatchObject(final('STEPS_NOT_UNDONE'));
    expect(await late.run('expireHold', { orderId, atMs: Date.now() })).toBe(false);
    const failing = { code: 'PROVIDER_UNAVAILABLE', kind: 'UNAVAILABLE', next: 'RETRY' } as const;
    await late.run('failAttempt', { ...call, ...failing, holdExpiresAtMs: Date.now(), atMs: Date.now() });
    await late.run('showSagaState', { orderId, status: 'PENDING_PAYMENT', state: 'COMPENSATING', atMs: Date.now() });
    await late.run('settleAttempt', { ...call, stored: false, atMs: Date.now() });

    expect(await stateOf(orderId)).toEqual({ status: 'PREPARING', saga_state: 'WAITING' });
    expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
    expect(await shop.stock(sku)).toEqual({ free: 4, held: 0, sold: 1 });
    expect(await shop.providers.parcels(orderId)).toMatchObject([{ status: 'CREATED' }]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('takes nothing back for a cancel, once the parcel is on its way', async () => {
    const { orderId, call } = await preparing();
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'SHIPMENT_STARTED' });
    await shop.reaches(orderId, 'SHIPMENT_STARTED', 'WAITING');
    const undo = { orderId, attempt: call.attempt, isSettled: true };
    for (const name of ['cancelShipment', 'refund', 'restoreCoupon'] as const)
      await expect(late.run(name, undo)).rejects.toMatchObject(final('ATTEMPT_SETTLED'));
    await expect(late.run('releaseStock', undo)).rejects.toMatchObject(final('ATTEMPT_SETTLED'));
    await expectLedgersToBalance(shop, orderId);
  });

  test('brings no order forward whose parcel is being taken back, and drops no update of it before that is decided', async () => {
    const { orderId } = await preparing();
    const parcel = () => shop.db('saga_steps').where({ order_id: orderId, step: 'shipment' });
    await parcel().update({ state: 'UNDOING' });
    const update = { orderId, to: 'SHIPMENT_STARTED', eventId: randomUUID(), atMs: Date.now() } as const;
    expect(await late.run('advanceDelivery', { ...update, isCancelled: true })).toBe('PARCEL_UNDECIDED');
    expect(await shop.db('timeline').where({ order_id: orderId, type: 'refused' })).toEqual([]);
    expect(await late.run('advanceDelivery', { ...update, isCancelled: false })).toBe('PREPARING');
    await parcel().update({ state: 'DONE' });
    expect(await stateOf(orderId)).toEqual({ status: 'PREPARING', saga_state: 'WAITING' });
  });

  test('takes no parcel back that the carrier keeps, so that its updates count', async () => {
    const { orderId, call } = await preparing();
    const pickedUp = { body: '{"code":"ALREADY_PICKED_UP"}', headers: { 'content-type': 'application/problem+json' } };
    await shop.providers.gateway('carrier', { operation: 'cancel', orderId, status: 409, ...pickedUp });
    const cancelled = await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
    expect(cancelled.status).toBe(409);
    const undo = { orderId, attempt: call.attempt, isSettled: true };
    await expect(late.run('cancelShipment', undo)).rejects.toMatchObject(final('ALREADY_PICKED_UP'));
    await shop.providers.endFaults('carrier', orderId);
    await expect(late.run('cancelShipment', undo)).rejects.toMatchObject(final('ALREADY_PICKED_UP'));
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('shows nothing of an attempt that is over: its customer can pay', async () => {
    const { orderId } = await shop.payableOrder();
    const atMs = Date.now();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId, 0);
    const shown = { orderId, status: 'PENDING_PAYMENT' as const, atMs };
    await late.run('showSagaState', { ...shown, state: 'COMPENSATING' });
    await late.run('showSagaState', { ...shown, state: 'NEEDS_OPERATOR' });
    expect(await stateOf(orderId)).toEqual({ status: 'PENDING_PAYMENT', saga_state: 'WAITING' });
    expect((await shop.pay(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
  });

  test('settles nothing of an attempt that has failed in its workflow, and keeps its first cause', async () => {
    const { orderId } = await shop.payableOrder();
    const call = await runningAttempt(orderId, 'fault:ship_refused');
    await late.run('charge', call);
    await expect(late.run('createShipment', call)).rejects.toMatchObject(final('SHIPMENT_REFUSED'));
    const cause = { code: 'SHIPMENT_REFUSED', kind: 'REFUSED' } as const;
    const closing = (why: FailureCause) => late.run('closeAttempt', { ...call, ...why });
    expect(await closing(cause)).toEqual({ ended: 'FAILED', failure: cause });
    expect(await closing({ code: 'STEP_CLOSED', kind: 'CLOSED' })).toEqual({ ended: 'FAILED', failure: cause });
    await shop.db('saga_steps').where({ order_id: orderId, step: 'shipment' }).update({ state: 'DONE' });
    await expect(late.run('settleAttempt', { ...call, stored: false, atMs: Date.now() })).rejects.toMatchObject(
      final('ATTEMPT_ENDED'),
    );
    expect(await late.run('beginAttempt', { ...call, atMs: Date.now() })).toMatchObject({
      ended: 'FAILED',
      failure: cause,
    });
    const undo = { orderId, attempt: call.attempt, isSettled: false };
    for (const name of ['cancelShipment', 'refund'] as const) await late.run(name, undo);
    await setRequestState(shop.db, call, 'FAILED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('ends no order whose next refund is under way', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:1', warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    const refund = () => shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
    await refund();
    await until(
      'the first refund to be refused',
      () => shop.statuses(orderId),
      (statuses) => statuses.slice(-2).join() === 'REFUND_REQUESTED,COMPLETED',
    );
    const first = (await shop.db('orders').where({ id: orderId }).first('refund_run_id')) as { refund_run_id: string };
    const [asked] = (await shop
      .db('timeline')
      .where({ order_id: orderId })
      .where('dedupe_key', 'like', endingRequestKey('%'))
      .pluck('dedupe_key')) as [string];
    await shop.providers.outage(orderId, 'unavailable');
    await until('the second refund to be taken', refund, ({ status }) => status === 202);
    await shop.reaches(orderId, 'REFUND_REQUESTED', 'NEEDS_OPERATOR');
    const old = { orderId, runId: first.refund_run_id, atMs: Date.now() };
    await expect(late.run('refuseRefund', { ...old, code: 'UNDO_REFUSED' })).rejects.toMatchObject(
      final('REFUND_ENDED'),
    );
    await expect(late.run('completeRefund', old)).rejects.toMatchObject(final('REFUND_ENDED'));
    const requestId = asked.slice(endingRequestKey('').length);
    expect(await late.run('beginRefund', { ...old, requestId, reason: 'broken', actor: 'customer' })).toMatchObject({
      ended: 'COMPLETED',
    });
    await shop.providers.outage(orderId, 'none');
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('finds the outcome of the same do and returns it, however many are at work; after the undo it does nothing', async () => {
    const { orderId } = await shop.payableOrder();
    const call = await runningAttempt(orderId);

    const eight = Array.from({ length: 8 });
    await Promise.all(eight.map(() => late.run('charge', call)));
    await Promise.all(eight.map(() => late.run('createShipment', call)));
    expect(await shop.providers.ledger(orderId)).toHaveLength(1);
    expect(await shop.providers.parcels(orderId)).toHaveLength(1);

    const undo = { orderId, attempt: call.attempt, isSettled: false };
    await Promise.all(eight.map(() => late.run('cancelShipment', undo)));
    await Promise.all(eight.map(() => late.run('refund', undo)));
    await setRequestState(shop.db, call, 'FAILED');
    for (const name of ['charge', 'createShipment'] as const)
      await expect(late.run(name, call)).rejects.toMatchObject(final('STEP_CLOSED'));
    await expectLedgersToBalance(shop, orderId);
  });
});
