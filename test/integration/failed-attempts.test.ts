import { randomUUID } from 'node:crypto';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';

describe('an attempt that fails is undone whole:', () => {
  const shop = new Fixture().shop();

  const notifications = (orderId: number) =>
    shop.db('notifications').where({ order_id: orderId }).orderBy('id').pluck('outcome');

  test('a declined card leaves the order payable, and another card pays it', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 5);
    await shop.pay(orderId, { token: 'tok_declined' });
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'CARD_DECLINED' }]);
    expect(await shop.status(orderId)).toMatchObject({ status: 'PENDING_PAYMENT', reason: 'CARD_DECLINED' });
    expect(await shop.stock(sku)).toEqual({ free: 4, held: 1, sold: 0 });
    await expectLedgersToBalance(shop, orderId);

    await shop.pay(orderId, { token: 'tok_visa' });
    await shop.reaches(orderId, 'PREPARING');
    expect(await shop.providers.ledger(orderId)).toMatchObject([{ type: 'charge', key: `${orderId}:payment:2` }]);
    await expectLedgersToBalance(shop, orderId);
    expect(await notifications(orderId)).toEqual(['PAYMENT_FAILED', 'PREPARING']);
  });

  test('the third decline cancels the order and gives the stock back', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 5);
    for (const attempt of [1, 2, 3]) {
      expect((await shop.pay(orderId, { token: 'tok_declined' })).status).toBe(202);
      await shop.attemptEnds(orderId, attempt - 1);
    }
    await shop.reaches(orderId, 'CANCELLED');
    expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
    expect((await shop.pay(orderId)).body).toMatchObject({ code: 'ORDER_NOT_PAYABLE' });
    await expectLedgersToBalance(shop, orderId);
  });

  test('seed failure 1: the shipment is refused after the charge, so the money goes back', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:ship_refused' });
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'SHIPMENT_REFUSED' }]);
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
    expect((await shop.status(orderId)).status).toBe('PENDING_PAYMENT');
    await expectLedgersToBalance(shop, orderId);
  });

  test('seed failure 2: the warehouse refuses after payment and parcel, so both are undone', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:store_refused', warehouseStorage: true });
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'STORE_REFUSED' }]);
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
    expect(await shop.statuses(orderId)).toEqual([
      'CREATED',
      'PENDING_PAYMENT',
      'PAYMENT_COMPLETED',
      'PENDING_PAYMENT',
    ]);
    await expectLedgersToBalance(shop, orderId);
  });

  test.each([false, true])(
    'seed failure 3: the status move itself is refused for good (stored: %s)',
    async (warehouseStorage) => {
      const { orderId } = await shop.payableOrder();
      const trigger = `refuse_${randomUUID().replaceAll('-', '')}`;
      await shop.db.raw(`
      create function ${trigger}() returns trigger language plpgsql as $$
      begin raise exception 'refused by the test' using errcode = 'OS001'; end $$;
      create trigger ${trigger} before update of status on orders for each row
        when (new.id = ${orderId} and new.status in ('PREPARING', 'IN_WAREHOUSE')) execute function ${trigger}();
    `);
      try {
        await shop.pay(orderId, { warehouseStorage });
        expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'ILLEGAL_MOVE' }]);
        expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
        expect((await shop.status(orderId)).status).toBe('PENDING_PAYMENT');
        await expectLedgersToBalance(shop, orderId);
      } finally {
        await shop.db.raw(`drop trigger ${trigger} on orders; drop function ${trigger}`);
      }
      await shop.pay(orderId, { warehouseStorage });
      await shop.reaches(orderId, warehouseStorage ? 'COMPLETED' : 'PREPARING');
      await expectLedgersToBalance(shop, orderId);
    },
  );

  test('an undo that is refused parks the saga, undoes the rest, and RETRY by signal ends it', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:store_refused fault:undo_refused:1', warehouseStorage: true });
    const parked = await shop.reaches(orderId, 'PAYMENT_COMPLETED', 'NEEDS_OPERATOR');
    expect(parked.canCancel).toBe(false);
    expect(parked.saga.steps).toContainEqual(expect.objectContaining({ step: 'shipment', state: 'UNDO_FAILED' }));
    expect(parked.saga.steps).toContainEqual(expect.objectContaining({ step: 'payment', state: 'UNDONE' }));
    expect(
      (await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'mind changed' } })).status,
    ).toBe(409);

    await shop.signal(orderId, 'resolveCompensation', {
      decisionId: randomUUID(),
      step: 'shipment',
      decision: 'RETRY',
      reason: 'carrier was called',
      actor: 'lee',
    });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
  });

  test.each([
    ['SKIP', undefined],
    ['DONE_EXTERNALLY', 'bank transfer 4711'],
  ])('money that can not be given back is resolved by %s, and the ledger balances', async (decision, reference) => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:99', recipientName: 'fault:ship_refused' });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    const resolution = {
      decisionId: randomUUID(),
      step: 'payment',
      decision,
      reason: 'agreed by phone',
      actor: 'lee',
      reference,
    };
    await shop.signal(orderId, 'resolveCompensation', resolution);
    await shop.signal(orderId, 'resolveCompensation', resolution);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    expect(
      await shop.db('money_movements').where({ order_id: orderId }).orderBy('id').select('kind', 'amount_minor'),
    ).toEqual([
      { kind: 'charge', amount_minor: 1_000 },
      { kind: 'adjustment', amount_minor: 1_000 },
    ]);
    expect(await shop.db('resolutions').where({ order_id: orderId })).toHaveLength(1);
    await expectLedgersToBalance(shop, orderId);
  });
});
