import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { stackFolder } from '../../config/load';
import { DEAD_LETTER_HEADERS } from '../../contracts/dead-letters';
import type { BlockedKeyReleased, BlockedKeyView, DeadLetterView } from '../../contracts/responses/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { freePorts } from '../../dev/stack/ports';
import { Broker, eventOf } from '../support/broker';
import { DeadLetterDesk, deadLetterRecord } from '../support/dead-letter-operator';
import { roleEnvironment } from '../support/environment';
import { parcelNewsHeard } from '../support/parcel-news';
import { Shop } from '../support/shop';
import { FAST_DELAYS, RoleProcess } from '../support/system';
import { until } from '../support/until';

const TOPIC = TOPICS.shipmentStatus;

describe('what follows a dead letter of its key on shipment.status', () => {
  const shop = new Shop();
  let broker: Broker;
  let desk: DeadLetterDesk;
  beforeAll(async () => {
    broker = await Broker.open(shop.system, [TOPIC]);
    desk = await DeadLetterDesk.open(shop);
  });
  afterAll(() => Promise.all([shop.close(), broker.close()]));

  async function paidOrder(): Promise<number> {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    return orderId;
  }

  const news = (orderId: number, status: string, eventId = `${orderId}-${status}`) =>
    JSON.stringify(eventOf({ orderId, status, eventId }));

  /** Writes records of one key, by itself in its order. */
  const write = (key: string | number, values: readonly string[], partition?: number) =>
    broker.write(
      TOPIC,
      ...values.map((value) => ({ key: String(key), value, ...(partition === undefined ? {} : { partition }) })),
    );

  const waitingBehind = (id: string, count: number) =>
    until(
      `${count} records to wait behind ${id}`,
      () => desk.show(id),
      (deadLetter) => deadLetter.waitingBehind === count,
    );

  /** An order whose news waits behind a record of it that died, and the dead letter. */
  async function orderInLine() {
    const orderId = await paidOrder();
    const key = String(orderId);
    await write(key, ['{', news(orderId, 'IN_TRANSIT')]);
    const [deadLetter] = (await desk.deadLettersOf(TOPIC, key)) as [DeadLetterView];
    await waitingBehind(deadLetter.id, 1);
    return { orderId, key, deadLetter };
  }

  /** As if the line of a key had not moved for a minute. */
  const standsStill = (key: string) =>
    shop
      .db('blocked_keys')
      .where({ key: Buffer.from(key) })
      .update({ moved_at: new Date(Date.now() - 61_000) });

  const untilFree = (...keys: readonly (string | number)[]) =>
    until(
      `${keys} to be free`,
      () =>
        shop
          .db('blocked_keys')
          .whereIn(
            'key',
            keys.map((key) => Buffer.from(String(key))),
          )
          .select('key'),
      (rows) => rows.length === 0,
    );

  test('waits in every partition while a rebalance gives it to another owner, and follows the replay in order; other keys go on', async () => {
    const partitions = [0, 1, 2];
    const orderIds: number[] = [];
    for (const partition of partitions) {
      const orderId = await paidOrder();
      orderIds.push(orderId);
      await write(orderId, ['{', news(orderId, 'IN_TRANSIT')], partition);
    }
    const deadLetters = await Promise.all(
      orderIds.map(async (id) => (await desk.deadLettersOf(TOPIC, String(id)))[0]?.id as string),
    );
    await Promise.all(deadLetters.map((id) => waitingBehind(id, 1)));

    const [port] = await freePorts(1);
    const env = { ...roleEnvironment(shop.system, FAST_DELAYS), BRIDGE_PORT: String(port) };
    const another = await RoleProcess.start('bridge', env, join(stackFolder(env), 'role-logs'));
    try {
      await broker.untilMembers(TOPIC, 2);
      for (const [index, orderId] of orderIds.entries())
        await write(orderId, [news(orderId, 'SHIPMENT_STARTED')], partitions[index]);
      await Promise.all(deadLetters.map((id) => waitingBehind(id, 2)));
    } finally {
      await another.end('SIGTERM');
    }
    await broker.untilMembers(TOPIC, 1);
    for (const [index, orderId] of orderIds.entries())
      await write(orderId, [news(orderId, 'DELIVERED')], partitions[index]);
    const shown = await Promise.all(deadLetters.map((id) => waitingBehind(id, 3)));
    expect(shown.map(({ waiting }) => waiting.map(({ eventId }) => eventId))).toEqual(
      orderIds.map((id) => [`${id}-IN_TRANSIT`, `${id}-SHIPMENT_STARTED`, `${id}-DELIVERED`]),
    );

    const other = await paidOrder();
    for (const partition of partitions) await write(other, [news(other, 'IN_TRANSIT')], partition);
    await shop.reaches(other, 'IN_TRANSIT');
    for (const orderId of orderIds) expect((await shop.status(orderId)).status).toBe('PREPARING');

    for (const [index, orderId] of orderIds.entries())
      await desk.decide(deadLetters[index] as string, 'replay', {
        value: news(orderId, 'SHIPMENT_STARTED', `${orderId}-mended`),
      });
    for (const orderId of orderIds) {
      await shop.reaches(orderId, 'COMPLETED');
      expect(await parcelNewsHeard(shop, orderId)).toEqual([
        `${orderId}-mended`,
        `${orderId}-IN_TRANSIT`,
        `${orderId}-SHIPMENT_STARTED`,
        `${orderId}-DELIVERED`,
      ]);
    }
    await untilFree(...orderIds);
  });

  test('follows when it is discarded, and waits anew behind the next one that dies', async () => {
    const orderId = await paidOrder();
    await write(orderId, ['{', 'no JSON', news(orderId, 'IN_TRANSIT')]);
    const [first] = await desk.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(first?.id as string, 2);
    expect((await desk.decide(first?.id as string, 'discard', { dryRun: true })).status).toBe(200);
    expect((await desk.show(first?.id as string)).waitingBehind).toBe(2);
    await desk.decide(first?.id as string, 'discard');

    const [, second] = await desk.deadLettersOf(TOPIC, String(orderId), 2);
    expect(second).toMatchObject({ state: 'WAITING', value: 'no JSON', replayCount: 0 });
    await waitingBehind(second?.id as string, 1);
    expect((await shop.status(orderId)).status).toBe('PREPARING');
    await desk.decide(second?.id as string, 'discard');
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });

  test('stays behind a replay that dies again', async () => {
    const orderId = await paidOrder();
    await write(orderId, ['{', news(orderId, 'IN_TRANSIT')]);
    const [first] = await desk.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(first?.id as string, 1);
    await desk.decide(first?.id as string, 'replay');
    const [, again] = await desk.deadLettersOf(TOPIC, String(orderId), 2);
    expect(again).toMatchObject({ replayCount: 1, replayOf: first?.id, value: '{' });
    await waitingBehind(again?.id as string, 1);
    expect(await parcelNewsHeard(shop, orderId)).toEqual([]);
    await desk.decide(again?.id as string, 'replay', { value: news(orderId, 'SHIPMENT_STARTED') });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await parcelNewsHeard(shop, orderId)).toEqual([`${orderId}-SHIPMENT_STARTED`, `${orderId}-IN_TRANSIT`]);
    await untilFree(orderId);
  });

  test('waits for a replay under another key, which is refused while that key is blocked itself', async () => {
    const [mine, other] = [await paidOrder(), await paidOrder()];
    const wrongKey = `wrong-${mine}`;
    await write(wrongKey, ['{', news(mine, 'IN_TRANSIT')]);
    await write(other, ['{']);
    const [deadLetter] = await desk.deadLettersOf(TOPIC, wrongKey);
    const [blocker] = await desk.deadLettersOf(TOPIC, String(other));
    await waitingBehind(deadLetter?.id as string, 1);
    const refused = await desk.decide(deadLetter?.id as string, 'replay', {
      value: news(other, 'SHIPMENT_STARTED'),
      override: true,
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'KEY_BLOCKED']);
    await desk.decide(deadLetter?.id as string, 'replay', { value: news(mine, 'SHIPMENT_STARTED') });
    await shop.reaches(mine, 'IN_TRANSIT');
    expect(await parcelNewsHeard(shop, mine)).toEqual([`${mine}-SHIPMENT_STARTED`, `${mine}-IN_TRANSIT`]);
    await desk.decide(blocker?.id as string, 'discard');
    await untilFree(wrongKey, other);
  });

  test('waits on when its replay was sent under a wrong key, until that is put right', async () => {
    const orderId = await paidOrder();
    const nobodys = 900_000_000_000 + orderId;
    await write(orderId, ['{', news(orderId, 'IN_TRANSIT')]);
    const [deadLetter] = await desk.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(deadLetter?.id as string, 1);
    await desk.decide(deadLetter?.id as string, 'replay', { value: news(nobodys, 'SHIPMENT_STARTED') });
    const [wrong] = await desk.deadLettersOf(TOPIC, String(nobodys));
    expect(wrong).toMatchObject({ code: 'UNKNOWN_ORDER', waitingBehind: 1 });
    const right = { value: news(orderId, 'SHIPMENT_STARTED') };
    expect((await desk.decide(wrong?.id as string, 'replay', right)).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await parcelNewsHeard(shop, orderId)).toEqual([`${orderId}-SHIPMENT_STARTED`, `${orderId}-IN_TRANSIT`]);
    await untilFree(orderId, nobodys);
  });

  test("is not moved by another group's dead letter about the same record", async () => {
    const { orderId, key, deadLetter: ours } = await orderInLine();
    const { partition, offset } = ours.origin;
    const original = {
      topic: TOPIC,
      partition,
      offset,
      timestamp: '1',
      key: Buffer.from(key),
      value: Buffer.from('{'),
      headers: {},
    };
    const cause = { code: 'NOT_JSON', message: 'theirs', group: 'billing' } as const;
    await broker.write(deadLetterTopic(TOPIC), deadLetterRecord(original, cause));
    const theirs = (await desk.deadLettersOf(TOPIC, key, 2)).find(({ consumerGroup }) => consumerGroup === 'billing');
    expect(theirs?.waitingBehind).toBe(0);
    await desk.decide(theirs?.id as string, 'discard');
    await waitingBehind(ours.id, 1);
    await desk.decide(ours.id, 'replay', { value: news(orderId, 'SHIPMENT_STARTED') });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await parcelNewsHeard(shop, orderId)).toEqual([`${orderId}-SHIPMENT_STARTED`, `${orderId}-IN_TRANSIT`]);
    await untilFree(key);
  });

  test('keeps its order, and its headers, whatever headers of ours a producer has copied', async () => {
    const orderIds = [await paidOrder(), await paidOrder()];
    const headers = { [DEAD_LETTER_HEADERS.releaseToken]: 'copied', theirs: ['one', 'two'] };
    for (const orderId of orderIds) {
      const key = String(orderId);
      const values = ['IN_TRANSIT', 'DELIVERED'].map((status) => ({ key, value: news(orderId, status), headers }));
      await broker.write(TOPIC, { key, value: '{' }, ...values);
    }
    const deadLetters = await Promise.all(orderIds.map((id) => desk.deadLettersOf(TOPIC, String(id))));
    for (const [deadLetter] of deadLetters) await waitingBehind(deadLetter?.id as string, 2);
    for (const [deadLetter] of deadLetters) await desk.decide(deadLetter?.id as string, 'discard');
    for (const orderId of orderIds) {
      await shop.reaches(orderId, 'COMPLETED');
      expect(await parcelNewsHeard(shop, orderId)).toEqual([`${orderId}-IN_TRANSIT`, `${orderId}-DELIVERED`]);
    }
    await untilFree(...orderIds);
    const written = 3;
    const sent = await broker.untilRecords(TOPIC, [String(orderIds[0])], written + 2);
    expect(sent.at(-1)?.headers.theirs).toEqual([Buffer.from('one'), Buffer.from('two')]);
  });

  test('follows one that is larger than the broker takes, and came compressed', async () => {
    const orderId = await paidOrder();
    const huge = JSON.stringify({ padding: 'x'.repeat(5_000_000) });
    await broker.write(
      TOPIC,
      { key: String(orderId), value: huge },
      { key: String(orderId), value: news(orderId, 'IN_TRANSIT') },
    );
    const [deadLetter] = await desk.deadLettersOf(TOPIC, String(orderId));
    expect([deadLetter?.code, deadLetter?.valueBytes]).toEqual(['WRONG_SCHEMA', huge.length]);
    await waitingBehind(deadLetter?.id as string, 1);
    await desk.decide(deadLetter?.id as string, 'replay');
    const [, again] = await desk.deadLettersOf(TOPIC, String(orderId), 2);
    expect([again?.code, again?.value === huge]).toEqual(['WRONG_SCHEMA', true]);
    await desk.decide(again?.id as string, 'discard');
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });

  test('is let go on by hand where the record that all wait for is lost, and no sooner', async () => {
    const { orderId, key, deadLetter } = await orderInLine();
    const { id } = deadLetter;
    const command = { topic: TOPIC, key, decisionId: randomUUID(), reason: 'the topic was made anew' };
    const lines = async () =>
      (await desk.askFor<BlockedKeyView[]>('GET', '/api/ops/blocked-keys')).body.data.filter(
        (line) => line.key === key,
      );
    const release = (more: object = {}) =>
      desk.askFor<BlockedKeyReleased>('POST', '/api/ops/blocked-keys/release', { ...command, ...more });
    expect(await lines()).toMatchObject([{ topic: TOPIC, waiting: 1, waitsFor: 'DECISION', deadLetter: id }]);
    expect((await release()).body).toMatchObject({ code: 'KEY_AWAITS_DECISION', deadLetter: id });

    // The replay is lost on its way.
    await shop.db.transaction(async (trx) => {
      await trx('blocked_keys')
        .where({ key: Buffer.from(key) })
        .update({ turn: 'lost' });
      await trx('dead_letter_decisions').insert({
        ...{ topic: deadLetterTopic(TOPIC), partition: 0, record_offset: id.split('/')[2], action: 'REPLAY' },
        ...{ decision_id: `lost-${key}`, actor: 'operator:op', reason: 'a test' },
      });
    });
    // Another group gave up on the replay: not even its token makes the key await their dead letter.
    const copied = {
      [DEAD_LETTER_HEADERS.releaseToken]: [Buffer.from('lost')],
      [DEAD_LETTER_HEADERS.decisionId]: [Buffer.from('lost')],
    };
    const replayed = { topic: TOPIC, partition: 0, offset: '1000000', timestamp: '1', headers: copied };
    const theirs = deadLetterRecord(
      { ...replayed, key: Buffer.from(key), value: Buffer.from('{') },
      { code: 'NOT_JSON', message: 'theirs', group: 'billing' },
    );
    await broker.write(deadLetterTopic(TOPIC), theirs);
    const [, copy] = await desk.deadLettersOf(TOPIC, key, 2);
    expect((await desk.decide(copy?.id as string, 'replay', { override: true })).status).toBe(202);
    await until('their replay to stand at the end of the line', lines, ([line]) => line?.waiting === 2);
    expect(await lines()).toMatchObject([{ waitsFor: 'RECORD_UNDER_WAY' }]);
    expect((await release()).body.code).toBe('KEY_JUST_MOVED');
    await standsStill(key);
    expect((await release({ dryRun: true })).body.data).toMatchObject({ dryRun: true, waiting: 2 });
    expect((await release()).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    const [, , last] = await desk.deadLettersOf(TOPIC, key, 3);
    await desk.decide(last?.id as string, 'discard');
    await untilFree(key);
    const again = await release();
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect((await release({ key: 'another' })).body.code).toBe('DECISION_ID_REUSED');
    expect((await release({ decisionId: randomUUID() })).body.code).toBe('KEY_NOT_BLOCKED');
  });

  test('is let go on where its letter is not indexed only by who insists', async () => {
    const { orderId, key } = await orderInLine();
    await shop
      .db('dead_letters')
      .where({ topic: deadLetterTopic(TOPIC), key: Buffer.from(key) })
      .delete();
    await standsStill(key);
    const release = (more: object = {}) => {
      const command = { topic: TOPIC, key, decisionId: randomUUID(), reason: 'the dead letter is lost' };
      return desk.askFor<BlockedKeyReleased>('POST', '/api/ops/blocked-keys/release', { ...command, ...more });
    };
    expect((await release()).body.code).toBe('DEAD_LETTER_NOT_INDEXED');
    expect((await release({ override: true })).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(key);
  });

  test('waits for nobody without a key', async () => {
    const orderId = await paidOrder();
    await broker.write(
      TOPIC,
      { key: null, value: '{', partition: 0 },
      { key: null, value: news(orderId, 'IN_TRANSIT'), partition: 0 },
    );
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });
});
