import { randomUUID } from 'node:crypto';
import { openOperatorItem } from '../../db/operator-items';
import { Broker } from '../support/broker';
import { SHARED_SYSTEM } from '../support/environment';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

const STUCK = 25_000;
/** I11: a minute. */
const LISTED_WITHIN_MS = 60_000;

describe('a topic that is unavailable', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const writer = fixture.broker();
  const topic = `missing-${randomUUID()}`;
  const forgotten = `forgotten-${randomUUID()}`;
  const left = `left-${randomUUID()}`;
  beforeAll(async () => {
    fixture.defer(() => shop.db('outbox').whereIn('topic', [topic, forgotten]).delete());
    // Their time passes while the first test runs.
    await shop.db('outbox').insert({ topic: forgotten, key: 'a', value: '{}' });
    await openOperatorItem(shop.db, { kind: 'UNPUBLISHED_TOPIC', subject: left, cause: 'LEADER_NOT_AVAILABLE' });
  });

  const itemsOf = (subject: string) =>
    shop.db('operator_items').where({ kind: 'UNPUBLISHED_TOPIC', subject }).select('state', 'cause');

  test('holds back only its own rows, however many they are and whatever their keys', async () => {
    const { orderId: waiting } = await shop.payableOrder();
    await shop.db.raw(
      `insert into outbox (topic, key, value) select ?, case when n % 2 = 0 then ? else 'other-' || n end, jsonb_build_object('n', n)::text
       from generate_series(1, ?::int) n`,
      [topic, String(waiting), STUCK],
    );
    const orderIds: number[] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      orderIds.push(orderId);
    }
    await shop.pay(waiting);
    await shop.reaches(waiting, 'PREPARING', 'WAITING');
    await until(
      'every row of the other topics to be published',
      () =>
        shop
          .db('outbox')
          .whereIn('key', [waiting, ...orderIds].map(String))
          .whereNot({ topic })
          .whereNull('published_at')
          .pluck('id'),
      (left) => left.length === 0,
    );
    expect(await shop.db('outbox').where({ topic }).whereNotNull('published_at').pluck('id')).toEqual([]);

    await writer.makeTopic(topic);
    const reader = await fixture.open(new Broker([topic], SHARED_SYSTEM));
    const records = await reader.untilRecords(topic, [String(waiting)], STUCK / 2);
    const numbers = records.map(({ value }) => (JSON.parse(String(value)) as { n: number }).n);
    // A batch may come twice; what is new never comes behind what is newer.
    const firstSeen = [...new Set(numbers)];
    expect(firstSeen).toEqual([...firstSeen].sort((a, b) => a - b));
    expect(firstSeen).toHaveLength(STUCK / 2);
  });

  test('is on the list of what needs a person until its rows are published', async () => {
    const open = { state: 'OPEN', cause: 'UNKNOWN_TOPIC_OR_PARTITION' };
    expect(
      await until(
        'the topic to be listed',
        () => itemsOf(forgotten),
        (items) => items.length > 0,
        LISTED_WITHIN_MS,
      ),
    ).toEqual([open]);
    await writer.makeTopic(forgotten);
    await until(
      'the item to be closed',
      () => itemsOf(forgotten),
      ([item]) => item.state === 'HEALED',
    );
    expect(await shop.db('outbox').where({ topic: forgotten }).whereNull('published_at')).toEqual([]);
  });

  test('is on it no longer than its rows wait, although the relay that listed it is gone', async () => {
    await until(
      'the item to be closed',
      () => itemsOf(left),
      ([item]) => item.state === 'HEALED',
    );
  });
});
