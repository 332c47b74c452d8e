import { randomUUID } from 'node:crypto';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { refuseRows } from '../support/triggers';
import { until } from '../support/until';

const TOPIC = TOPICS.shipmentStatus;
const PARTITIONS = [0, 1, 2];

describe('a dead record that comes again', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([deadLetterTopic(TOPIC), deadLetterTopic(TOPICS.stockDecreaseFailed)]);
  const operator = new DeadLetterOperator(shop);

  const shipmentEvent = (orderId: number, status: string) => JSON.stringify(eventOf({ orderId, status }));
  const write = (partition: number, ...records: readonly (readonly [key: string, value: string])[]) =>
    broker.write(TOPIC, ...records.map(([key, value]) => ({ key, value, partition })));

  async function discardAll(key: string): Promise<void> {
    for (const { id, state } of await operator.deadLettersOf(TOPIC, key))
      if (state === 'WAITING') await operator.decide(id, 'discard');
  }

  const untilBlocked = (key: string, isBlocked: boolean) =>
    until(
      `${key} to be ${isBlocked ? 'blocked' : 'free'}`,
      () =>
        shop
          .db('blocked_keys')
          .where({ topic: TOPIC, key: Buffer.from(key) })
          .pluck('topic'),
      (rows) => rows.length === (isBlocked ? 1 : 0),
    );

  /** While `work` runs, a second bridge has some of the partitions; it ends, and they come back. */
  async function withAnotherBridge(work: () => Promise<unknown>): Promise<void> {
    const another = await fixture.another('bridge', shop.system);
    await broker.untilMembers(TOPIC, 2);
    await work();
    await another.end();
    await broker.untilMembers(TOPIC, 1);
  }

  test('blocks no key that was freed, writes no second dead letter, and waits for nothing', async () => {
    const orderId = await shop.paidOrder();
    const id = randomUUID();
    const keysByPartition = await Promise.all(
      PARTITIONS.map(async (partition) => ({
        partition,
        held: `held-${partition}-${id}`,
        decided: String(await shop.paidOrder()),
        undecided: `undecided-${partition}-${id}`,
        blockedAgain: `blocked-again-${partition}-${id}`,
        last: `last-${partition}-${id}`,
      })),
    );
    for (const { partition, held } of keysByPartition) await write(partition, [held, '{']);
    for (const { held } of keysByPartition) await untilBlocked(held, true);
    // A record that can't wait behind its key holds up its partition, as an unavailable part does.
    const helds = keysByPartition.map(({ held }) => `'${held}'`).join();
    const accept = await refuseRows(
      shop.db,
      'insert on waiting_records',
      `convert_from(new.key, 'UTF8') in (${helds})`,
      '53300',
    );
    try {
      for (const { partition, held, decided, undecided, blockedAgain } of keysByPartition)
        await write(
          partition,
          ...([
            [held, shipmentEvent(orderId, 'SHIPMENT_STARTED')],
            [decided, 'nonsense'],
            [undecided, 'nonsense'],
            [blockedAgain, 'nonsense'],
          ] as const),
        );
      for (const { decided, undecided, blockedAgain } of keysByPartition) {
        await operator.deadLettersOf(TOPIC, undecided);
        for (const key of [decided, blockedAgain]) {
          await discardAll(key);
          await untilBlocked(key, false);
        }
      }
      for (const { partition, blockedAgain } of keysByPartition)
        await write(partition, [blockedAgain, 'more nonsense']);
      for (const { blockedAgain } of keysByPartition) await operator.deadLettersOf(TOPIC, blockedAgain, 2);

      await withAnotherBridge(async () => {
        await accept();
        await broker.untilCommitted(TOPIC);
      });
    } finally {
      await accept();
    }

    for (const { partition, last } of keysByPartition) await write(partition, [last, 'nonsense']);
    await broker.untilRecords(
      deadLetterTopic(TOPIC),
      keysByPartition.map(({ last }) => last),
      PARTITIONS.length,
    );
    const deadLetters = (key: string) => broker.recordsOf(deadLetterTopic(TOPIC), key).length;
    for (const { decided, undecided, blockedAgain } of keysByPartition)
      expect([deadLetters(decided), deadLetters(undecided), deadLetters(blockedAgain)]).toEqual([1, 1, 2]);
    const waiting = await shop
      .db('waiting_records')
      .whereIn(
        'key',
        keysByPartition.map(({ blockedAgain }) => Buffer.from(blockedAgain)),
      )
      .pluck('id');
    expect(waiting).toEqual([]);

    for (const { partition, decided } of keysByPartition)
      await write(partition, [decided, shipmentEvent(Number(decided), 'IN_TRANSIT')]);
    for (const { decided } of keysByPartition) await shop.reaches(Number(decided), 'IN_TRANSIT');
    for (const { held, undecided, blockedAgain, last } of keysByPartition)
      for (const key of [held, undecided, blockedAgain, last]) {
        await discardAll(key);
        await untilBlocked(key, false);
      }
  });

  test('is not lost where it is unknown whether it did: it dies, and is indexed once that can be done', async () => {
    const topic = TOPICS.stockDecreaseFailed;
    const key = `unindexed-${randomUUID()}`;
    await shop.db.raw('alter table dead_letters rename to dead_letters_elsewhere');
    try {
      await broker.write(topic, { key, value: 'nonsense', partition: 1 });
      await broker.untilRecords(deadLetterTopic(topic), [key]);
    } finally {
      await shop.db.raw('alter table dead_letters_elsewhere rename to dead_letters');
    }
    const [deadLetter] = await operator.deadLettersOf(topic, key);
    expect(deadLetter).toMatchObject({ state: 'WAITING', code: 'NOT_JSON' });
    await operator.decide(deadLetter?.id as string, 'discard');
  });
});
