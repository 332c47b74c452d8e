import { randomUUID } from 'node:crypto';
import { SIGNALS } from '../../contracts/workflow/messages';
import { orderWorkflowId, UPDATES } from '../../contracts/workflow-api';
import { Fixture } from '../support/fixture';
import { historyText } from '../support/history-text';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';
import { TimeHarness } from './time-harness';

const NUL = '\u0000';
const LONE_SURROGATE = '\ud83d';
const CARD = '4111 1111 1111 1111';
const eventId = () => randomUUID();

/** Wrong for every signal. */
const NONSENSE = [undefined, null, 'text', 7, true, [], {}, { eventId: '', reason: '', actor: '' }];

const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  paymentRequested: [
    { eventId: 'e' },
    { retryCount: 0 },
    { eventId: 7, retryCount: 0 },
    { eventId: 'e', retryCount: '0' },
    { eventId: 'e', retryCount: 0.5 },
    { eventId: 'e', retryCount: -1 },
    { eventId: 'e', retryCount: 1e18 },
    { eventId: `e${NUL}`, retryCount: 0 },
    { eventId: LONE_SURROGATE, retryCount: 0 },
    { eventId: 'e'.repeat(2_000), retryCount: 0 },
  ],
  shipmentUpdated: [
    { eventId: eventId() },
    { status: 'IN_TRANSIT' },
    { eventId: eventId(), status: 'LOST' },
    { eventId: NUL, status: 'IN_TRANSIT' },
  ],
  compensate: [
    { reason: 'x' },
    { actor: 'lee' },
    { reason: null, actor: 'lee' },
    { reason: NUL, actor: 'lee' },
    { reason: LONE_SURROGATE, actor: 'lee' },
    { reason: `he paid with ${CARD}`, actor: 'lee' },
    { reason: 'x', actor: CARD },
  ],
  resolveCompensation: [
    { decisionId: 'd', step: 'payment', decision: 'SKIP', reason: 'x' },
    { decisionId: 'd', step: 'payment', decision: 'NO', reason: 'x', actor: 'lee' },
    { decisionId: 'd', step: NUL, decision: 'SKIP', reason: 'x', actor: 'lee' },
    { decisionId: 'd', step: 'payment', decision: 'SKIP', reason: 'x', actor: 'lee' },
    { decisionId: 'd', step: 'payment', decision: 'SKIP', reason: CARD, actor: 'lee' },
    { decisionId: 'd', step: CARD, decision: 'SKIP', reason: 'x', actor: 'lee' },
    { decisionId: 'd', step: 'payment', decision: 'DONE_EXTERNALLY', reason: 'x', actor: 'lee', reference: CARD },
  ],
};

describe('what anybody can send to an order', () => {
  const time = new Fixture().declare(new TimeHarness());

  test.each(Object.keys(WRONG))(
    'a %s of the wrong shape is written down as refused and blocks nothing',
    async (name) => {
      const { orders } = time;
      const { orderId } = await orders.payable();
      const messages = [...NONSENSE, ...(WRONG[name] ?? [])];
      for (const message of messages) await orders.signal(orderId, name, message);
      await orders.signal(orderId, name);
      const refused = () => orders.timeline(orderId, 'refused');
      const rows = await until('the refusals', refused, (found) => found.length > messages.length);
      expect(new Set(rows.map((row) => row.data.what))).toEqual(new Set([name]));
      expect(rows.every((row) => typeof row.data.why === 'string' && row.data.why.length > 0)).toBe(true);
      expect(JSON.stringify(rows)).not.toContain('1111');

      await orders.pay(orderId);
      await orders.reaches(orderId, 'PREPARING/WAITING');
      expect(await orders.cancel(orderId)).toEqual({ accepted: true });
      expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
      expect(await orders.timeline(orderId, 'refused')).toHaveLength(messages.length + 1);
      await expectLedgersToBalance(orders, orderId);
    },
  );

  test('a card number by update is refused before Temporal keeps it, and not repeated', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    const ask = (name: string, message: object) => orders.orderHandle(orderId).executeUpdate(name, { args: [message] });
    const decision = { decisionId: 'd', step: 'payment', decision: 'SKIP', reason: 'x', actor: 'lee' };
    for (const asked of [
      ask(UPDATES.cancel, { reason: CARD, actor: 'kim' }),
      ask(UPDATES.resolve, { ...decision, reason: CARD }),
      ask(UPDATES.resolve, { ...decision, step: CARD }),
    ])
      await expect(asked).rejects.toMatchObject({ cause: { message: 'must not hold a card number' } });
    expect(await historyText(orders.orderHandle(orderId))).not.toContain('1111');
    expect(await orders.cancel(orderId)).toEqual({ accepted: true });
  });

  test('a message that this worker can not decode is refused like any other', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    const payload = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from([1, 2, 3]) };
    const notJson = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"reason"') };
    for (const bad of [payload, notJson]) {
      await time.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: orderWorkflowId(orderId) },
        signalName: SIGNALS.compensate,
        input: { payloads: [bad] },
      });
    }
    await until(
      'the refusals',
      () => orders.timeline(orderId, 'refused'),
      (rows) => rows.length === 2,
    );
    expect(await orders.cancel(orderId)).toEqual({ accepted: true });
    await orders.orderHandle(orderId).result();
  });

  test('a request with fields that it should not have is served for its own order only', async () => {
    const { orders } = time;
    const [{ orderId }, other] = [await orders.payable(), await orders.payable()];
    const request = await orders.saveRequest(orderId);
    await orders.signal(orderId, SIGNALS.paymentRequested, { ...request, orderId: other.orderId, attempt: 9 });
    await orders.reaches(orderId, 'PREPARING/WAITING');
    expect(await orders.state(other.orderId)).toBe('PENDING_PAYMENT/WAITING');
    for (const id of [orderId, other.orderId]) await orders.cancel(id);
  });

  test('more than 2,000 events of it park the order, which can still be compensated', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.preparing();
    await spam(orderId, 2_100);
    await orders.reaches(orderId, 'PREPARING/NEEDS_OPERATOR');
    const notices = await orders.timeline(orderId, 'notice');
    expect(notices.filter((notice) => notice.data.code === 'HISTORY_TOO_LONG')).toHaveLength(1);
    expect(await orders.saga(orderId)).toMatchObject({ sagaState: 'NEEDS_OPERATOR', canCancel: false });

    await orders.signal(orderId, SIGNALS.compensate, { reason: 'spammed', actor: 'lee' });
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect((await orders.row(orderId)).status_reason).toBe('CANCELLED_BY_OPERATOR');
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test('a parked order whose parcel is on its way can not be cancelled any more, and is delivered', async () => {
    const { orders } = time;
    const { orderId } = await orders.preparing();
    await spam(orderId, 2_100);
    await orders.reaches(orderId, 'PREPARING/NEEDS_OPERATOR');
    await orders.providers.pickUp(orderId);
    await orders.shipmentUpdate(orderId, 'SHIPMENT_STARTED');
    await orders.signal(orderId, SIGNALS.compensate, { reason: 'spammed', actor: 'lee' });
    await orders.reaches(orderId, 'SHIPMENT_STARTED/WAITING');
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    expect(await orders.orderHandle(orderId).result()).toBe('COMPLETED');
    await expectLedgersToBalance(orders, orderId);
  });

  test('an order parked before it was paid takes no money', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await spam(orderId, 2_100);
    await orders.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
    await orders.pay(orderId);
    await time.pass('1 day');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');
    expect(await orders.cancel(orderId)).toEqual({ accepted: true });
    expect(await orders.providers.ledger(orderId)).toEqual([]);
    await expectLedgersToBalance(orders, orderId);
  });

  /** The same request over and over: it asks for nothing, and only makes the history longer. */
  async function spam(orderId: number, times: number): Promise<void> {
    const request = { eventId: eventId(), retryCount: 1 };
    const send = () => time.orders.signal(orderId, SIGNALS.paymentRequested, request);
    for (let sent = 0; sent < times; sent += 100) await Promise.all(Array.from({ length: 100 }, send));
  }
});
