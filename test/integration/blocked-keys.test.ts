import { randomUUID } from 'node:crypto';
import { DEAD_LETTER_HEADERS } from '../../contracts/dead-letters';
import type { BlockedKeyReleased, BlockedKeyView, DeadLetterView } from '../../contracts/responses/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { DeadLetterOperator, deadLetterRecord } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { shipmentUpdatesReceived } from '../support/shipment-updates';
import { until } from '../support/until';

const TOPIC = TOPICS.shipmentStatus;

describe('what follows a dead letter of its key on shipment.status', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPIC]);
  const operator = new DeadLetterOperator(shop);

  const shipmentEvent = (orderId: number, status: string, eventId = `${orderId}-${status}`) =>
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
      () => operator.show(id),
      (deadLetter) => deadLetter.waitingBehind === count,
    );

  /** An order with a record that waits behind one that died, and the dead letter. */
  async function orderInLine() {
    const orderId = await shop.paidOrder();
    const key = String(orderId);
    await write(key, ['{', shipmentEvent(orderId, 'IN_TRANSIT')]);
    const [deadLetter] = (await operator.deadLettersOf(TOPIC, key)) as [DeadLetterView];
    await waitingBehind(deadLetter.id, 1);
    return { orderId, key, deadLetter };
  }

  /** As if no record of a key had been released for a minute. */
  const notMovedForAMinute = (key: string) =>
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
      const orderId = await shop.paidOrder();
      orderIds.push(orderId);
      await write(orderId, ['{', shipmentEvent(orderId, 'IN_TRANSIT')], partition);
    }
    const deadLetters = await Promise.all(
      orderIds.map(async (id) => (await operator.deadLettersOf(TOPIC, String(id)))[0]?.id as string),
    );
    await Promise.all(deadLetters.map((id) => waitingBehind(id, 1)));

    const another = await fixture.another('bridge', shop.system);
    await broker.untilMembers(TOPIC, 2);
    for (const [index, orderId] of orderIds.entries())
      await write(orderId, [shipmentEvent(orderId, 'SHIPMENT_STARTED')], partitions[index]);
    await Promise.all(deadLetters.map((id) => waitingBehind(id, 2)));
    await another.end();
    await broker.untilMembers(TOPIC, 1);
    for (const [index, orderId] of orderIds.entries())
      await write(orderId, [shipmentEvent(orderId, 'DELIVERED')], partitions[index]);
    const shown = await Promise.all(deadLetters.map((id) => waitingBehind(id, 3)));
    expect(shown.map(({ waiting }) => waiting.map(({ eventId }) => eventId))).toEqual(
      orderIds.map((id) => [`${id}-IN_TRANSIT`, `${id}-SHIPMENT_STARTED`, `${id}-DELIVERED`]),
    );

    const other = await shop.paidOrder();
    for (const partition of partitions) await write(other, [shipmentEvent(other, 'IN_TRANSIT')], partition);
    await shop.reaches(other, 'IN_TRANSIT');
    for (const orderId of orderIds) expect((await shop.status(orderId)).status).toBe('PREPARING');

    for (const [index, orderId] of orderIds.entries())
      await operator.decide(deadLetters[index] as string, 'replay', {
        value: shipmentEvent(orderId, 'SHIPMENT_STARTED', `${orderId}-mended`),
      });
    for (const orderId of orderIds) {
      await shop.reaches(orderId, 'COMPLETED');
      expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([
        `${orderId}-mended`,
        `${orderId}-IN_TRANSIT`,
        `${orderId}-SHIPMENT_STARTED`,
        `${orderId}-DELIVERED`,
      ]);
    }
    await untilFree(...orderIds);
  });

  test('follows when it is discarded, and waits anew behind the next one that dies', async () => {
    const orderId = await shop.paidOrder();
    await write(orderId, ['{', 'no JSON', shipmentEvent(orderId, 'IN_TRANSIT')]);
    const [first] = await operator.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(first?.id as string, 2);
    expect((await operator.decide(first?.id as string, 'discard', { dryRun: true })).status).toBe(200);
    expect((await operator.show(first?.id as string)).waitingBehind).toBe(2);
    await operator.decide(first?.id as string, 'discard');

    const [, second] = await operator.deadLettersOf(TOPIC, String(orderId), 2);
    expect(second).toMatchObject({ state: 'WAITING', value: 'no JSON', replayCount: 0 });
    await waitingBehind(second?.id as string, 1);
    expect((await shop.status(orderId)).status).toBe('PREPARING');
    await operator.decide(second?.id as string, 'discard');
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });

  test('stays behind a replay that dies again', async () => {
    const orderId = await shop.paidOrder();
    await write(orderId, ['{', shipmentEvent(orderId, 'IN_TRANSIT')]);
    const [first] = await operator.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(first?.id as string, 1);
    await operator.decide(first?.id as string, 'replay');
    const [, again] = await operator.deadLettersOf(TOPIC, String(orderId), 2);
    expect(again).toMatchObject({ replayCount: 1, replayOf: first?.id, value: '{' });
    await waitingBehind(again?.id as string, 1);
    expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([]);
    await operator.decide(again?.id as string, 'replay', { value: shipmentEvent(orderId, 'SHIPMENT_STARTED') });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([
      `${orderId}-SHIPMENT_STARTED`,
      `${orderId}-IN_TRANSIT`,
    ]);
    await untilFree(orderId);
  });

  test('waits for a replay under another key, which is refused while that key is blocked itself', async () => {
    const [mine, other] = [await shop.paidOrder(), await shop.paidOrder()];
    const wrongKey = `wrong-${mine}`;
    await write(wrongKey, ['{', shipmentEvent(mine, 'IN_TRANSIT')]);
    await write(other, ['{']);
    const [deadLetter] = await operator.deadLettersOf(TOPIC, wrongKey);
    const [blocker] = await operator.deadLettersOf(TOPIC, String(other));
    await waitingBehind(deadLetter?.id as string, 1);
    const refused = await operator.decide(deadLetter?.id as string, 'replay', {
      value: shipmentEvent(other, 'SHIPMENT_STARTED'),
      override: true,
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'KEY_BLOCKED']);
    await operator.decide(deadLetter?.id as string, 'replay', { value: shipmentEvent(mine, 'SHIPMENT_STARTED') });
    await shop.reaches(mine, 'IN_TRANSIT');
    expect(await shipmentUpdatesReceived(shop, mine)).toEqual([`${mine}-SHIPMENT_STARTED`, `${mine}-IN_TRANSIT`]);
    await operator.decide(blocker?.id as string, 'discard');
    await untilFree(wrongKey, other);
  });

  test('waits on when its replay was sent under a wrong key, until that is put right', async () => {
    const orderId = await shop.paidOrder();
    const nobodys = 900_000_000_000 + orderId;
    await write(orderId, ['{', shipmentEvent(orderId, 'IN_TRANSIT')]);
    const [deadLetter] = await operator.deadLettersOf(TOPIC, String(orderId));
    await waitingBehind(deadLetter?.id as string, 1);
    await operator.decide(deadLetter?.id as string, 'replay', { value: shipmentEvent(nobodys, 'SHIPMENT_STARTED') });
    const [wrong] = await operator.deadLettersOf(TOPIC, String(nobodys));
    expect(wrong).toMatchObject({ code: 'UNKNOWN_ORDER', waitingBehind: 1 });
    const right = { value: shipmentEvent(orderId, 'SHIPMENT_STARTED') };
    expect((await operator.decide(wrong?.id as string, 'replay', right)).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([
      `${orderId}-SHIPMENT_STARTED`,
      `${orderId}-IN_TRANSIT`,
    ]);
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
    const theirs = (await operator.deadLettersOf(TOPIC, key, 2)).find(
      ({ consumerGroup }) => consumerGroup === 'billing',
    );
    expect(theirs?.waitingBehind).toBe(0);
    await operator.decide(theirs?.id as string, 'discard');
    await waitingBehind(ours.id, 1);
    await operator.decide(ours.id, 'replay', { value: shipmentEvent(orderId, 'SHIPMENT_STARTED') });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([
      `${orderId}-SHIPMENT_STARTED`,
      `${orderId}-IN_TRANSIT`,
    ]);
    await untilFree(key);
  });

  test('keeps its order, and its headers, whatever headers of ours a producer has copied', async () => {
    const orderIds = [await shop.paidOrder(), await shop.paidOrder()];
    const headers = { [DEAD_LETTER_HEADERS.releaseToken]: 'copied', theirs: ['one', 'two'] };
    for (const orderId of orderIds) {
      const key = String(orderId);
      const values = ['IN_TRANSIT', 'DELIVERED'].map((status) => ({
        key,
        value: shipmentEvent(orderId, status),
        headers,
      }));
      await broker.write(TOPIC, { key, value: '{' }, ...values);
    }
    const deadLetters = await Promise.all(orderIds.map((id) => operator.deadLettersOf(TOPIC, String(id))));
    for (const [deadLetter] of deadLetters) await waitingBehind(deadLetter?.id as string, 2);
    for (const [deadLetter] of deadLetters) await operator.decide(deadLetter?.id as string, 'discard');
    for (const orderId of orderIds) {
      await shop.reaches(orderId, 'COMPLETED');
      expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([`${orderId}-IN_TRANSIT`, `${orderId}-DELIVERED`]);
    }
    await untilFree(...orderIds);
    const written = 3;
    const sent = await broker.untilRecords(TOPIC, [String(orderIds[0])], written + 2);
    expect(sent.at(-1)?.headers.theirs).toEqual([Buffer.from('one'), Buffer.from('two')]);
  });

  test('follows one that is larger than the broker takes, and came compressed', async () => {
    const orderId = await shop.paidOrder();
    const huge = JSON.stringify({ padding: 'x'.repeat(5_000_000) });
    await broker.write(
      TOPIC,
      { key: String(orderId), value: huge },
      { key: String(orderId), value: shipmentEvent(orderId, 'IN_TRANSIT') },
    );
    const [deadLetter] = await operator.deadLettersOf(TOPIC, String(orderId));
    expect([deadLetter?.code, deadLetter?.valueBytes]).toEqual(['WRONG_SCHEMA', huge.length]);
    await waitingBehind(deadLetter?.id as string, 1);
    await operator.decide(deadLetter?.id as string, 'replay');
    const [, again] = await operator.deadLettersOf(TOPIC, String(orderId), 2);
    expect([again?.code, again?.value === huge]).toEqual(['WRONG_SCHEMA', true]);
    await operator.decide(again?.id as string, 'discard');
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });

  test('is released by hand where the record that all wait for is lost, and no sooner', async () => {
    const { orderId, key, deadLetter } = await orderInLine();
    const { id } = deadLetter;
    const command = { topic: TOPIC, key, decisionId: randomUUID(), reason: 'the topic was made anew' };
    const lines = async () =>
      (await shop.operate<BlockedKeyView[]>('GET', '/blocked-keys')).body.data.filter((line) => line.key === key);
    const release = (more: object = {}) =>
      shop.operate<BlockedKeyReleased>('POST', '/blocked-keys/release', { ...command, ...more });
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
    const [, copy] = await operator.deadLettersOf(TOPIC, key, 2);
    expect((await operator.decide(copy?.id as string, 'replay', { override: true })).status).toBe(202);
    await until('their replay to wait behind the others', lines, ([line]) => line?.waiting === 2);
    expect(await lines()).toMatchObject([{ waitsFor: 'RECORD_UNDER_WAY' }]);
    expect((await release()).body.code).toBe('KEY_JUST_MOVED');
    await notMovedForAMinute(key);
    expect((await release({ dryRun: true })).body.data).toMatchObject({ dryRun: true, waiting: 2 });
    expect((await release()).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    const [, , last] = await operator.deadLettersOf(TOPIC, key, 3);
    await operator.decide(last?.id as string, 'discard');
    await untilFree(key);
    const again = await release();
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect((await release({ key: 'another' })).body.code).toBe('DECISION_ID_REUSED');
    expect((await release({ decisionId: randomUUID() })).body.code).toBe('KEY_NOT_BLOCKED');
  });

  test('is released where its dead letter is not indexed only with an override', async () => {
    const { orderId, key } = await orderInLine();
    await shop
      .db('dead_letters')
      .where({ topic: deadLetterTopic(TOPIC), key: Buffer.from(key) })
      .delete();
    await notMovedForAMinute(key);
    const release = (more: object = {}) => {
      const command = { topic: TOPIC, key, decisionId: randomUUID(), reason: 'the dead letter is lost' };
      return shop.operate<BlockedKeyReleased>('POST', '/blocked-keys/release', { ...command, ...more });
    };
    expect((await release()).body.code).toBe('DEAD_LETTER_NOT_INDEXED');
    expect((await release({ override: true })).status).toBe(202);
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(key);
  });

  test('waits for no other record without a key', async () => {
    const orderId = await shop.paidOrder();
    await broker.write(
      TOPIC,
      { key: null, value: '{', partition: 0 },
      { key: null, value: shipmentEvent(orderId, 'IN_TRANSIT'), partition: 0 },
    );
    await shop.reaches(orderId, 'IN_TRANSIT');
    await untilFree(orderId);
  });
});
