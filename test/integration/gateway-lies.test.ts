import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { together } from '../support/together';
import { until } from '../support/until';

/** What the operators' list says about an order, or a provider. */
interface Item {
  readonly kind: string;
  readonly cause: string;
  readonly state: string;
  readonly actor: string | null;
}

describe('what a gateway says is not the word of the provider behind it:', () => {
  const shop = new Fixture().shop();
  const { providers } = shop;

  const html = { body: '<html><h1>no</h1></html>', headers: { 'content-type': 'text/html' } };
  const problem = (code: string) => ({
    body: JSON.stringify({ code, title: code }),
    headers: { 'content-type': 'application/problem+json' },
  });
  const itemsOf = (orderId: number): Promise<Item[]> =>
    shop.db('operator_items').where({ order_id: orderId }).orderBy('id').select('kind', 'cause', 'state', 'actor');
  const declines = async (orderId: number) =>
    (await shop.db('timeline').where({ order_id: orderId, type: 'request' }).pluck('data')).filter(
      ({ kind }: { kind?: string }) => kind === 'DECLINED' || kind === 'REFUSED',
    );

  test('a created parcel whose response is lost is found, whatever its look-up is answered with at first', () =>
    together([404, 403, 409, 302, 400], String, async (status) => {
      const { orderId } = await shop.payableOrder();
      await providers.gateway('carrier', { operation: 'create', orderId, when: 'after', times: 1 });
      await providers.gateway('carrier', { operation: 'lookup', orderId, status, ...html, times: 1 });
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      expect(await shop.providers.parcels(orderId)).toMatchObject([
        { key: `${orderId}:shipment:1`, status: 'CREATED' },
      ]);
      await expectLedgersToBalance(shop, orderId);
    }));

  test('a created parcel that cannot be looked up within the budget is cancelled, and the retry orders another', () =>
    together([404, 401], String, async (status) => {
      const { orderId } = await shop.payableOrder();
      await providers.gateway('carrier', { operation: 'create', orderId, when: 'after', times: 1 });
      await providers.gateway('carrier', { operation: 'lookup', orderId, status: 404, ...html });
      if (status === 401)
        await providers.gateway('carrier', { operation: 'cancel', orderId, status, ...html, times: 3 });
      await shop.pay(orderId);
      await shop.reachesStep(orderId, 'shipment', 'UNDONE');
      await providers.endFaults('carrier', orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      expect(await shop.providers.parcels(orderId)).toMatchObject([{ status: 'CANCELLED' }, { status: 'CREATED' }]);
      expect(await declines(orderId)).toEqual([]);
      await expectLedgersToBalance(shop, orderId);
    }));

  const OPERATIONS = [
    ['payment', 'open'],
    ['payment', 'confirm'],
    ['carrier', 'create'],
    ['warehouse', 'store'],
  ] as const;
  const LIES = [
    ['HTML with 200', { status: 200, ...html }],
    ['nothing with 200', { status: 200 }],
    ['the code of another call', { status: 409, ...problem('UNDO_REFUSED') }],
    ['HTML with 422', { status: 422, ...html }],
    ['a code with 500', { status: 500, ...problem('SHIPMENT_REFUSED') }],
  ] as const;
  const TOLD = LIES.flatMap(([name, lie]) => (['before', 'after'] as const).map((when) => ({ name, lie, when })));

  test.each(OPERATIONS)('%s %s: no lie is a refusal, before the effect or after it', (provider, operation) =>
    together(
      TOLD,
      ({ name, when }) => `${name}, ${when} the effect`,
      async ({ lie, when }) => {
        const { orderId } = await shop.payableOrder();
        await providers.gateway(provider, { operation, orderId, ...lie, when, times: 1 });
        await shop.pay(orderId, { warehouseStorage: true });
        await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
        expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'DONE', reason: null }]);
        await expectLedgersToBalance(shop, orderId);
      },
    ),
  );

  test('refused credentials: an operator item at once, and the order waits beyond its budget until they are accepted', async () => {
    const { orderId } = await shop.payableOrder();
    await providers.gateway('payment', { orderId, status: 401, ...problem('UNAUTHORIZED') });
    await shop.pay(orderId);
    const openItem = () =>
      shop.db('operator_items').where({ kind: 'CREDENTIALS_REFUSED', subject: 'payment', state: 'OPEN' }).pluck('id');
    const [item] = await until('the item', openItem, (ids) => ids.length === 1);
    expect(await shop.status(orderId)).toMatchObject({ status: 'PENDING_PAYMENT', canCancel: true });
    // Longer than the budget: after it, the call is an activity without an end, which Temporal shows as pending.
    const { workflow } = await shop.temporal();
    const pending = async () => (await workflow.getHandle(`order-${orderId}`).describe()).raw.pendingActivities ?? [];
    await until(
      'a call that waits',
      pending,
      ([call]) => call !== undefined && Number(call.expirationTime?.seconds ?? 0) === 0 && Number(call.attempt) > 1,
    );
    await providers.endFaults('payment', orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'DONE', reason: null }]);
    expect(await declines(orderId)).toEqual([]);
    await until(
      'the item to heal',
      () => shop.db('operator_items').where({ id: item }).pluck('state'),
      ([state]) => state === 'HEALED',
    );
    await expectLedgersToBalance(shop, orderId);
  });

  test('refused credentials: the customer can still cancel', async () => {
    const { orderId } = await shop.payableOrder();
    await providers.gateway('payment', { orderId, operation: 'open', status: 403, ...html });
    await shop.pay(orderId);
    await shop.reachesStep(orderId, 'payment', 'UNKNOWN');
    const cancelled = await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'too long' } });
    expect(cancelled.status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.providers.ledger(orderId)).toEqual([]);
    await providers.endFaults('payment', orderId);
    await expectLedgersToBalance(shop, orderId);
  });

  test.each(['INVALID_REQUEST', 'KEY_REUSED'])(
    'a request that the provider rejects as %s needs an operator, and RETRY goes on; it is no decline',
    async (code) => {
      const { orderId } = await shop.payableOrder();
      await providers.gateway('carrier', { operation: 'create', orderId, status: 422, ...problem(code) });
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
      expect(await itemsOf(orderId)).toEqual([{ kind: 'PERMANENT_ERROR', cause: code, state: 'OPEN', actor: null }]);
      const cancelled = await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'too long' } });
      expect(cancelled.status).toBe(409);
      const decision = { decisionId: `d-${orderId}`, step: 'shipment', reason: 'the adapter was mended', actor: 'lee' };
      await shop.signal(orderId, 'resolveCompensation', { ...decision, decision: 'SKIP' });
      await until(
        'SKIP to be refused',
        () => shop.db('timeline').where({ order_id: orderId, type: 'refused' }).pluck('data'),
        (refusals) => refusals.length === 1,
      );
      await providers.endFaults('carrier', orderId);
      await shop.signal(orderId, 'resolveCompensation', { ...decision, decision: 'RETRY' });
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      expect(await itemsOf(orderId)).toEqual([
        { kind: 'PERMANENT_ERROR', cause: code, state: 'RESOLVED', actor: 'lee' },
      ]);
      expect(await declines(orderId)).toEqual([]);
      await expectLedgersToBalance(shop, orderId);
    },
  );

  test.each(['SKIP', 'DONE_EXTERNALLY'])(
    'a person cannot end a refund by %s while the provider is still working on the payment',
    async (decision) => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId, { token: 'tok_undo_refused:1', recipientName: 'fault:ship_refused' });
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
      const processing = { body: '{"status":"processing"}', headers: { 'content-type': 'application/json' } };
      await providers.gateway('payment', { operation: 'lookup', orderId, status: 200, ...processing });
      const resolve = {
        step: 'payment',
        decision,
        reason: 'the bank was called',
        actor: 'lee',
        reference: 'bank 4711',
      };
      await shop.signal(orderId, 'resolveCompensation', { ...resolve, decisionId: `early-${orderId}` });
      const [refusal] = await until(
        `${decision} to be refused`,
        () => shop.db('timeline').where({ order_id: orderId, type: 'refused' }).pluck('data'),
        (refusals) => refusals.length === 1,
      );
      expect(refusal.why).toContain('PAYMENT_PROCESSING');
      expect(await itemsOf(orderId)).toMatchObject([{ kind: 'PARKED_SAGA', state: 'OPEN' }]);
      await providers.endFaults('payment', orderId);
      await shop.signal(orderId, 'resolveCompensation', { ...resolve, decisionId: `late-${orderId}` });
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
      expect(await itemsOf(orderId)).toMatchObject([{ state: 'RESOLVED', actor: 'lee' }]);
      await expectLedgersToBalance(shop, orderId);
    },
  );

  test('a refund that the provider does not understand is not refused: it needs an operator, and RETRY goes on', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await providers.gateway('payment', { orderId, operation: 'close', status: 422, ...problem('INVALID_REQUEST') });
    const asked = await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
    expect(asked.status).toBe(202);
    await shop.reaches(orderId, 'REFUND_REQUESTED', 'NEEDS_OPERATOR');
    expect(await itemsOf(orderId)).toMatchObject([{ cause: 'INVALID_REQUEST', state: 'OPEN' }]);
    await providers.endFaults('payment', orderId);
    const body = { decisionId: `d-${orderId}`, step: 'payment', decision: 'RETRY', reason: 'the adapter was mended' };
    const resolved = await shop.operate('POST', `/sagas/${orderId}/resolve`, body);
    expect(resolved.status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(await itemsOf(orderId)).toMatchObject([{ state: 'RESOLVED' }]);
    await expectLedgersToBalance(shop, orderId);
  });

  test("an amount that is not the order's is believed neither of a charge nor of a refund", async () => {
    const { orderId } = await shop.payableOrder();
    const json = (body: object) => ({ body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    const captured = json({ status: 'captured', capturedMinor: 1 });
    await providers.gateway('payment', { orderId, operation: 'confirm', status: 200, ...captured });
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    expect(await itemsOf(orderId)).toMatchObject([{ kind: 'PERMANENT_ERROR', cause: 'AMOUNT_MISMATCH' }]);
    await providers.endFaults('payment', orderId);
    const retry = { step: 'payment', decision: 'RETRY', reason: 'the gateway is well', actor: 'lee' };
    await shop.signal(orderId, 'resolveCompensation', { ...retry, decisionId: `charge-${orderId}` });
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await providers.gateway('payment', { orderId, operation: 'close', status: 200, ...json({ refundedMinor: 0 }) });
    await shop.signal(orderId, 'compensate', { reason: 'given up', actor: 'lee' });
    await shop.reaches(orderId, 'PREPARING', 'NEEDS_OPERATOR');
    expect((await itemsOf(orderId)).at(-1)).toMatchObject({ kind: 'PARKED_SAGA', cause: 'REFUND_INCOMPLETE' });
    await providers.endFaults('payment', orderId);
    await shop.signal(orderId, 'resolveCompensation', { ...retry, decisionId: `refund-${orderId}` });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('an undo that was refused is listed while the others are still under way', async () => {
    const { orderId } = await shop.payableOrder();
    await providers.gateway('carrier', { orderId, operation: 'cancel', status: 409, ...problem('UNDO_REFUSED') });
    await providers.gateway('payment', { orderId, operation: 'close', status: 503 });
    await shop.pay(orderId, { recipientName: 'fault:store_refused', warehouseStorage: true });
    const listed = await until(
      'both to be listed',
      () => shop.db('operator_items').where({ order_id: orderId }).orderBy('id').select('step', 'times'),
      (items) => items.length === 2,
    );
    // The parcel was on the list before the money was.
    expect(listed).toEqual([
      { step: 'shipment', times: 2 },
      { step: 'payment', times: 1 },
    ]);
    await providers.endFaults('payment', orderId);
    await providers.endFaults('carrier', orderId);
    const resolve = { decisionId: `d-${orderId}`, step: 'shipment', decision: 'RETRY', reason: 'asked', actor: 'lee' };
    await shop.signal(orderId, 'resolveCompensation', resolve);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
  });

  test('an order that waits with a rejected request can be compensated', async () => {
    const { orderId } = await shop.payableOrder();
    await providers.gateway('carrier', { operation: 'create', orderId, status: 422, ...problem('INVALID_REQUEST') });
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    await shop.signal(orderId, 'compensate', { reason: 'given up', actor: 'lee' });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await providers.endFaults('carrier', orderId);
    expect(await itemsOf(orderId)).toMatchObject([{ state: 'HEALED' }]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('a listed refusal of the carrier is no decline: five of them cancel the order', async () => {
    const { orderId } = await shop.payableOrder();
    for (const attempt of [1, 2, 3, 4, 5]) {
      expect((await shop.pay(orderId, { recipientName: 'fault:ship_refused' })).status).toBe(202);
      await shop.attemptEnds(orderId, attempt - 1);
      if (attempt < 5) expect(await shop.status(orderId)).toMatchObject({ status: 'PENDING_PAYMENT' });
    }
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.status(orderId)).toMatchObject({ reason: 'TOO_MANY_ATTEMPTS' });
    await expectLedgersToBalance(shop, orderId);
  });
});
