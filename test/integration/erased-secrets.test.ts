import { TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { Fixture } from '../support/fixture';
import { processingEvent } from '../support/processing';
import { tablesWith } from '../support/tables-with';
import { until } from '../support/until';

describe('a token is kept no longer than its attempt:', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();

  /** Where rows of the order hold a token, as text or in Base64: `table column`. */
  async function tokensOf(orderId: number): Promise<string[]> {
    const rows = await Promise.all([
      shop.db('processing_requests').where({ order_id: orderId }).select('state', 'event', 'record_bytes'),
      shop
        .db('outbox')
        .where({ key: String(orderId) })
        .select('topic', 'value', 'raw'),
      shop.db('timeline').where({ order_id: orderId }).select('data'),
      shop.db('notifications').where({ order_id: orderId }).select('body'),
      shop.db('idempotency_keys').where('path', 'like', `%/${orderId}/%`).select('body'),
    ]);
    return rows
      .flat()
      .flatMap((row: Record<string, unknown>) =>
        Object.entries(row).flatMap(([column, value]) =>
          holdsToken(value) ? [`${JSON.stringify(row)} ${column}`] : [],
        ),
      );
  }

  const areErased = (orderId: number) =>
    until(
      `the tokens of order ${orderId} to be erased`,
      () => tokensOf(orderId),
      (found) => found.length === 0,
      20_000,
    );

  const settled = (orderId: number) =>
    shop.db('processing_requests').where({ order_id: orderId }).orderBy('created_at').pluck('state');

  test('of a request that was paid', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { headers: { 'idempotency-key': `paid-${orderId}` } });
    await shop.reaches(orderId, 'PREPARING');
    await areErased(orderId);
    const { event } = (await shop.db('processing_requests').where({ order_id: orderId }).first('event')) as {
      event: { requestDto: object };
    };
    expect(event.requestDto).toMatchObject({ paymentRequest: { method: 'CARD' }, shipment: { country: 'KR' } });
  });

  test('of a request by another producer, whose record is kept byte for byte meanwhile', async () => {
    const { orderId } = await shop.payableOrder();
    await broker.publish(TOPICS.orderProcessing, eventOf(processingEvent(orderId)) as { orderId: number });
    await shop.reaches(orderId, 'PREPARING');
    await areErased(orderId);
  });

  test('of a request that was declined', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await areErased(orderId);
  });

  test('of an attempt whose retry waits: the retry alone has it, until a newer request takes its place', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_unavailable' });
    await until(
      'the retry to wait',
      () => settled(orderId),
      (states) => states.join() === 'FAILED,PENDING',
    );
    const held = (await shop.db('processing_requests').where({ order_id: orderId }).select('state', 'event')) as {
      state: string;
      event: unknown;
    }[];
    expect(held.filter(({ event }) => holdsToken(event)).map(({ state }) => state)).toEqual(['PENDING']);
    await shop.pay(orderId, { token: 'tok_visa' });
    await shop.reaches(orderId, 'PREPARING');
    expect(await settled(orderId)).toEqual(['FAILED', 'REPLACED', 'DONE']);
    await areErased(orderId);
  });

  test('of a request that comes too late', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(orderId, 'CANCELLED');
    await broker.publish(TOPICS.orderProcessing, eventOf(processingEvent(orderId)) as { orderId: number });
    await until(
      'the late request to be skipped',
      () => settled(orderId),
      (states) => states.join() === 'SKIPPED',
    );
    await areErased(orderId);
  });

  test('of a request that used up its retries: its dead letter alone still has it', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_unavailable' });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED', 120_000);
    await areErased(orderId);
    const [deadLetter] = await until(
      'the dead letter to be indexed',
      () => shop.db('dead_letters').where({ order_id: orderId }).select('value') as Promise<{ value: Buffer }[]>,
      (deadLetters) => deadLetters.length > 0,
    );
    expect(deadLetter?.value.toString()).toContain('tok_unavailable');
  });

  test('that no provider knows: it is in no table once its request has ended', async () => {
    const { orderId } = await shop.payableOrder();
    const token = `tok_nobody_${orderId}_${Date.now()}`;
    await shop.pay(orderId, { token });
    expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'INVALID_TOKEN' }]);
    await until(
      'the token to be nowhere in the database',
      () => tablesWith(shop.db, token),
      (found) => found.length === 0,
    );
  });
});

/** Looks into JSON, text and Base64. */
function holdsToken(value: unknown): boolean {
  if (typeof value === 'string')
    return value.includes('tok_') || Buffer.from(value, 'base64').toString().includes('tok_');
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsToken);
}
