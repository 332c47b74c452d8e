import { randomUUID } from 'node:crypto';
import type { SagaDecided, SagaDetails } from '../../contracts/responses/sagas';
import { TOPICS } from '../../contracts/topics';
import { SIGNALS } from '../../contracts/workflow/messages';
import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { startGatedApi } from '../support/gated-api';
import { expectLedgersToBalance } from '../support/ledgers';
import { ordersaga } from '../support/operator-command';
import { until } from '../support/until';

const ENDINGS: readonly [string, object][] = [
  ['SKIP', {}],
  ['DONE_EXTERNALLY', { reference: 'bank transfer 4711' }],
];

describe('what an operator decides about a saga', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();

  const post = <Data = SagaDecided>(orderId: number, what: 'resolve' | 'compensate', body: object) =>
    shop.operate<Data>('POST', `/sagas/${orderId}/${what}`, body);
  const sagaDetailsOf = async (orderId: number) =>
    (await shop.operate<SagaDetails>('GET', `/sagas/${orderId}`)).body.data;
  /** The details once its workflow has answered the query, which a busy machine may leave out. */
  const detailsOnce = (orderId: number, isComplete: (details: SagaDetails) => boolean) =>
    until('its workflow to answer the query', () => sagaDetailsOf(orderId), isComplete);
  /** Again and again while Temporal does not answer in time. */
  const decide = (orderId: number, what: 'resolve' | 'compensate', body: object) =>
    until(
      'a response',
      () => post(orderId, what, body),
      ({ status }) => status !== 503,
    );
  const aDecision = () => ({ decisionId: randomUUID(), reason: 'agreed by phone' });
  const movedMoney = ({ money }: SagaDetails) => money.map(({ kind, amount }) => `${kind} ${amount}`);

  /** Asks twice for what ends the saga's wait: the second time it is the same decision. */
  async function resolves(orderId: number, command: object, workflowId: string): Promise<void> {
    const dry = await decide(orderId, 'resolve', { ...command, dryRun: true });
    expect([dry.status, dry.body.data.sagaState]).toEqual([200, 'NEEDS_OPERATOR']);
    expect(dry.body.message).toBe('결정을 전달하게 됩니다. 바뀐 것은 없습니다.');
    const taken = await post(orderId, 'resolve', command);
    expect([taken.status, taken.body.data]).toMatchObject([202, { orderId, workflowId, dryRun: false }]);
    await until(
      'the decision to be written down',
      () => sagaDetailsOf(orderId),
      ({ resolutions }) => resolutions.length === 1,
    );
    const again = await post(orderId, 'resolve', command);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    const dryAgain = await decide(orderId, 'resolve', { ...command, dryRun: true });
    expect(dryAgain.body.message).toBe('이 decisionId로 이미 처리되었습니다. 바뀌는 것은 없습니다.');
  }

  test.each(ENDINGS)(
    'money that is not given back is written off by %s, and the customer pays anew',
    async (decision, more) => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId, { token: 'tok_undo_refused:99', recipientName: 'fault:ship_refused' });
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
      expect((await detailsOnce(orderId, ({ waits }) => waits !== undefined)).waits).toMatchObject({
        amountAtRisk: 1_000,
        stuck: [{ step: 'payment', attempt: 1 }],
      });

      await resolves(orderId, { ...aDecision(), step: 'payment', decision, ...more }, orderWorkflowId(orderId));
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
      const details = await sagaDetailsOf(orderId);
      expect(movedMoney(details)).toEqual(['charge 1000', 'adjustment 1000']);
      expect(details.resolutions).toMatchObject([{ step: 'payment', decision, reason: 'agreed by phone', ...more }]);
      expect((await shop.providers.ledger(orderId)).map(({ type }) => type)).toEqual(['charge']);
      await expectLedgersToBalance(shop, orderId);

      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      expect(movedMoney(await sagaDetailsOf(orderId))).toEqual(['charge 1000', 'adjustment 1000', 'charge 1000']);
      await expectLedgersToBalance(shop, orderId);
    },
  );

  test('a decision that the database has and a restarted Temporal has forgotten is carried out when it comes again', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:1', recipientName: 'fault:ship_refused' });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    const { decisionId, reason } = aDecision();
    const command = { step: 'payment', decision: 'RETRY' };
    await shop
      .db('resolutions')
      .insert({ ...command, order_id: orderId, decision_id: decisionId, reason, actor: 'operator:op' });
    const taken = await post(orderId, 'resolve', { ...command, decisionId, reason });
    expect([taken.status, taken.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    expect(await shop.providers.capturedNet(orderId)).toBe(0);
    await expectLedgersToBalance(shop, orderId);
  });

  test.each(ENDINGS)(
    'a refund that is parked is ended by %s, and nothing of the order is left',
    async (decision, more) => {
      const [sku, code] = await Promise.all([shop.product(3), shop.issuedCoupon()]);
      const orderId = await shop.order(sku, 1, code);
      await shop.reaches(orderId, 'PENDING_PAYMENT');
      await shop.pay(orderId, { warehouseStorage: true });
      await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
      const giveBack = await refuseRows(
        'update on coupon_requests',
        `old.order_id = ${orderId} and old.redeemed_at is not null`,
      );
      await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
      await shop.reaches(orderId, 'REFUND_REQUESTED', 'NEEDS_OPERATOR');
      const parked = await detailsOnce(orderId, ({ refund, waits }) => refund !== undefined && waits !== undefined);
      expect([parked.refund?.status, parked.waits?.stuck.map(({ step }) => step)]).toEqual(['RUNNING', ['coupon']]);
      await giveBack();

      const command = { ...aDecision(), step: 'coupon', decision, ...more };
      const notStuck = await post(orderId, 'resolve', { ...command, step: 'payment' });
      expect([notStuck.status, notStuck.body.code]).toEqual([409, 'NOT_RESOLVABLE']);
      await resolves(orderId, command, refundWorkflowId(orderId));
      await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
      const details = await sagaDetailsOf(orderId);
      expect(movedMoney(details)).toEqual(['charge 900', 'refund 900']);
      expect(details.resolutions).toMatchObject([{ step: 'coupon', decision, ...more }]);
      expect(await shop.stock(sku)).toEqual({ free: 3, held: 0, sold: 0 });
      expect(await couponState(shop, code)).toBe('free');
      await expectLedgersToBalance(shop, orderId);
    },
  );

  test('a refund whose provider is unavailable takes no decision; the response says so, and it ends by itself', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await shop.providers.outage(orderId, 'unavailable');
    await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
    await shop.reaches(orderId, 'REFUND_REQUESTED', 'NEEDS_OPERATOR');
    const decision = { step: 'payment', decision: 'DONE_EXTERNALLY', reference: 'bank transfer 4711' };
    await until(
      'the decision to be taken, between two tries of the undo',
      () => post(orderId, 'resolve', { ...aDecision(), ...decision }),
      ({ status }) => status === 202,
    );
    const details = await until(
      'the refusal',
      () => sagaDetailsOf(orderId),
      ({ timeline }) => timeline.some(({ type }) => type === 'refused'),
    );
    expect(details.timeline.find(({ type }) => type === 'refused')?.data).toMatchObject({
      what: SIGNALS.resolveCompensation,
      why: expect.stringContaining('DONE_EXTERNALLY could not be carried out') as string,
    });
    expect([details.order.sagaState, details.resolutions]).toEqual(['NEEDS_OPERATOR', []]);

    await shop.providers.outage(orderId, 'none');
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(movedMoney(await sagaDetailsOf(orderId))).toEqual(['charge 1000', 'refund 1000']);
    await expectLedgersToBalance(shop, orderId);
  });

  /** The database takes no such row until the returned function is called. */
  async function refuseRows(what: 'insert on outbox' | 'update on coupon_requests', when: string) {
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    await shop.db.raw(`
      create function ${name}() returns trigger language plpgsql as $$
      begin raise exception 'refused by the test' using errcode = 'OS001'; end $$;
      create trigger ${name} before ${what} for each row when (${when}) execute function ${name}();
    `);
    return () => shop.db.raw(`drop function ${name} cascade`);
  }

  test('a compensate that the carrier refuses is shown where the operator looks, and nothing else is undone', async () => {
    const orderId = await shop.paidOrder();
    const announce = await refuseRows(
      'insert on outbox',
      `new.topic = '${TOPICS.shipmentStatus}' and new.key = '${orderId}'`,
    );
    await shop.providers.pickUp(orderId);
    const command = aDecision();
    expect((await post(orderId, 'compensate', command)).status).toBe(202);
    const refusalOf = ({ timeline }: SagaDetails) => timeline.filter(({ data }) => data.code === 'CANCEL_REFUSED');
    const details = await until(
      'the refusal',
      () => sagaDetailsOf(orderId),
      (found) => refusalOf(found).length > 0,
    );
    expect(details).toMatchObject({
      order: { status: 'PREPARING', sagaState: 'WAITING' },
      resolutions: [{ ...command, decision: 'COMPENSATE' }],
    });
    const [refusal] = refusalOf(details);
    expect(refusal?.data).toMatchObject({ reason: 'ALREADY_PICKED_UP', actor: details.resolutions[0]?.actor });
    const operator = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
    const screen = (await ordersaga(['saga', 'show', String(orderId)], operator)).stdout.toString();
    expect(screen).toContain('shipment #1 UNDO_FAILED (ALREADY_PICKED_UP)');
    expect(screen).toContain('CANCEL_REFUSED');

    expect(details.steps.map(({ step, state }) => [step, state])).toEqual(
      ['stock', 'payment', 'shipment'].map((step) => [step, 'DONE']),
    );
    expect((await shop.providers.ledger(orderId)).map(({ type }) => type)).toEqual(['charge']);
    await expectLedgersToBalance(shop, orderId);

    expect((await post(orderId, 'compensate', command)).status).toBe(202);
    await announce();
    await shop.reaches(orderId, 'SHIPMENT_STARTED', 'WAITING');
    await deliver(orderId);
    expect(refusalOf(await sagaDetailsOf(orderId))).toHaveLength(1);
    expect(await compensatesOf(orderId)).toBe(1);
  });

  test('a compensate that is asked for many times at once is one decision and one signal', async () => {
    const orderId = await shop.paidOrder();
    const command = aDecision();
    const responses = await Promise.all(Array.from({ length: 8 }, () => post(orderId, 'compensate', command)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 202));
    expect(responses.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await compensatesOf(orderId)).toBe(1);
    expect((await sagaDetailsOf(orderId)).resolutions).toMatchObject([{ ...command, decision: 'COMPENSATE' }]);
    await expectLedgersToBalance(shop, orderId);
  });

  describe('a compensate that is lost with the api before it reaches the workflow', () => {
    /** An order whose compensate is written down, by an api that was killed before it could send the signal. */
    async function lostCompensate(): Promise<{ orderId: number; command: ReturnType<typeof aDecision> }> {
      const [orderId, api] = await Promise.all([shop.paidOrder(), startGatedApi(fixture, shop.system)]);
      api.temporal.silence('there', 'back');
      const command = aDecision();
      const response = api.shop.operate('POST', `/sagas/${orderId}/compensate`, command).catch(() => 'none');
      await until(
        'the decision to be written down',
        () => shop.db('resolutions').where({ decision_id: command.decisionId }),
        (rows) => rows.length === 1,
      );
      await api.process.end('SIGKILL');
      expect(await response).toBe('none');
      return { orderId, command };
    }

    test('is carried out when it is asked for again, once', async () => {
      const { orderId, command } = await lostCompensate();
      expect(await compensatesOf(orderId)).toBe(0);
      expect((await shop.status(orderId)).status).toBe('PREPARING');

      const responses = await Promise.all([1, 2, 3].map(() => post(orderId, 'compensate', command)));
      for (const { status, headers } of responses)
        expect([status, headers.get('idempotent-replayed')]).toEqual([202, 'true']);
      await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
      expect((await post(orderId, 'compensate', command)).status).toBe(202);
      expect(await compensatesOf(orderId)).toBe(1);
      const details = await sagaDetailsOf(orderId);
      expect(details.resolutions).toMatchObject([{ ...command, decision: 'COMPENSATE' }]);
      expect(movedMoney(details)).toEqual(['charge 1000', 'refund 1000']);
      expect(details.timeline.filter(({ type }) => type === 'refused')).toEqual([]);
      await expectLedgersToBalance(shop, orderId);
    });

    test('is refused when it is asked for again after the order was delivered', async () => {
      const { orderId, command } = await lostCompensate();
      await deliver(orderId);
      const late = await post(orderId, 'compensate', command);
      expect([late.status, late.body]).toMatchObject([
        409,
        { code: 'ORDER_NOT_CANCELLABLE', reason: 'ORDER_COMPLETED' },
      ]);
      expect(await compensatesOf(orderId)).toBe(0);
      expect((await shop.providers.ledger(orderId)).map(({ type }) => type)).toEqual(['charge']);
      await expectLedgersToBalance(shop, orderId);
    });
  });

  async function deliver(orderId: number): Promise<void> {
    await shop.signal(orderId, SIGNALS.shipmentUpdated, { eventId: randomUUID(), status: 'DELIVERED' });
    const { workflow } = await shop.temporal();
    expect(await workflow.getHandle(orderWorkflowId(orderId)).result()).toBe('COMPLETED');
  }

  /** How many signals to compensate the order's workflow has got. */
  async function compensatesOf(orderId: number): Promise<number> {
    const { workflow } = await shop.temporal();
    const { events } = await workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
    const signals = events?.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName);
    return signals?.filter((name) => name === SIGNALS.compensate).length ?? 0;
  }
});
