import { expectBooksToAddUp } from '../support/books';
import { Shop } from '../support/shop';
import { until } from '../support/until';

describe("a card's token", () => {
  const shop = new Shop();
  afterAll(() => shop.close());

  /** Every table with its rows as text: a new one can't be forgotten. */
  async function tablesWith(token: string): Promise<string[]> {
    const tables = (await shop
      .db('information_schema.tables')
      .where({ table_schema: 'public', table_type: 'BASE TABLE' })
      .orderBy('table_name')
      .pluck('table_name')) as string[];
    const found: string[] = [];
    for (const table of tables) {
      // Values of bytes are shown in hexadecimal, and those in Base64 begin anywhere.
      const hex = Buffer.from(token).toString('hex');
      const rows = await shop.db
        .from(shop.db.raw('?? as t', [table]))
        .whereRaw('t::text like ? or t::text like ?', [`%${token}%`, `%${hex}%`])
        .limit(1);
      if (rows.length > 0) found.push(table);
    }
    return found;
  }

  const untilErased = (token: string) =>
    until(
      'the token to be nowhere in the database',
      () => tablesWith(token),
      (found) => found.length === 0,
    );

  // Magic tokens are everybody's: the address is not, so that this order's rows are known by it.
  test.each([
    ['that was paid', { token: 'tok_visa' }, 'PREPARING', 'WAITING'],
    ['that was declined', { token: 'tok_declined' }, 'PENDING_PAYMENT', 'WAITING'],
  ] as const)('is erased when the attempt ends, of an order %s', async (_what, wish, status, sagaState) => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, wish);
    await shop.attemptEnds(orderId);
    await shop.reaches(orderId, status, sagaState);
    const tokens = () =>
      shop
        .db('processing_requests')
        .where({ order_id: orderId })
        .select(shop.db.raw(`event #>> '{requestDto,paymentRequest,token}' as token`));
    expect(await tokens()).toEqual([{ token: null }]);
    expect(await shop.db('processing_requests').where({ order_id: orderId }).pluck('record_bytes')).toEqual([null]);
    await until(
      'the rows of its topic to be published without it',
      () =>
        shop
          .db('outbox')
          .where({ topic: 'order-processing-topic', key: String(orderId) })
          .pluck('value'),
      (values) => values.every((value: string) => value === ''),
    );
    await expectBooksToAddUp(shop, orderId);
  });

  test('that no provider knows is nowhere once its request has ended', async () => {
    const { orderId } = await shop.payableOrder();
    const token = `tok_nobody_${orderId}_${Date.now()}`;
    await shop.pay(orderId, { token });
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'INVALID_TOKEN' }]);
    await untilErased(token);
  });
});
