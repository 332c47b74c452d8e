import { TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { parcelNewsHeard } from '../support/parcel-news';
import { until } from '../support/until';

const TOPIC = TOPICS.shipmentStatus;
const ORDERS = 20;
const BEHIND = 8;
const RESTART_MS = 60_000;

jest.setTimeout(240_000);

describe('lines behind dead letters', () => {
  const fixture = new Fixture();
  const system = fixture.system('blocked-keys', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([], system);

  const waiting = async () => Number((await shop.db('waiting_records').count({ n: '*' }).first())?.n);

  test('keep their order while bridge and relay are killed', async () => {
    const sku = await shop.product(ORDERS);
    const orderIds: number[] = [];
    for (let count = 0; count < ORDERS; count++) orderIds.push(await shop.order(sku));
    const eventIds = (orderId: number) => Array.from({ length: BEHIND }, (_, index) => `${orderId}-${index}`);
    for (const orderId of orderIds) {
      const news = eventIds(orderId).map((eventId) => eventOf({ orderId, eventId, status: 'IN_TRANSIT' }));
      const values = ['{', ...news.map((event) => JSON.stringify(event))];
      await broker.write(TOPIC, ...values.map((value) => ({ key: String(orderId), value })));
    }
    await until('all to wait', waiting, (count) => count === ORDERS * BEHIND, RESTART_MS);

    const operator = new DeadLetterOperator(shop);
    for (const [index, orderId] of orderIds.entries()) {
      const [deadLetter] = await operator.deadLettersOf(TOPIC, String(orderId));
      const id = deadLetter?.id as string;
      if (index % 2 === 0) await operator.decide(id, 'discard');
      else
        await operator.decide(id, 'replay', {
          value: JSON.stringify(eventOf({ orderId, eventId: `${orderId}-mended`, status: 'SHIPMENT_STARTED' })),
        });
    }
    for (const [role, left] of [
      ['bridge', 0.8],
      ['relay', 0.6],
      ['bridge', 0.4],
    ] as const) {
      await until('some to follow', waiting, (count) => count <= ORDERS * BEHIND * left, RESTART_MS);
      await system.role(role).end('SIGKILL');
      await system.startRole(role);
    }
    await until(
      'nobody to wait',
      async () => shop.db('blocked_keys'),
      (keys) => keys.length === 0,
      RESTART_MS,
    );
    for (const [index, orderId] of orderIds.entries()) {
      const mended = index % 2 === 0 ? [] : [`${orderId}-mended`];
      // What is told twice after a crash, the saga knows by its id.
      expect([...new Set(await parcelNewsHeard(shop, orderId))]).toEqual([...mended, ...eventIds(orderId)]);
    }
  });
});
