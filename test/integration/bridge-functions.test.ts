import { randomUUID } from 'node:crypto';
import { type Db, openDatabase } from '../../db/connection';
import { addToOutbox, advanceOutbox, type RelayTurn } from '../../db/outbox';
import { markSignalled, type RequestKey, setRequestState, takeRequestRecord } from '../../db/requests';
import { migrateSchema } from '../../db/schema';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';
import { payBody } from '../support/shop';

const ALL_LANES = Array.from({ length: 16 }, (_, lane) => lane);

/** A database that no relay and no bridge works on. */
describe('functions of the database', () => {
  const fixture = new Fixture();
  let db: Db;
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 12 });
    fixture.defer(() => db.destroy());
    await migrateSchema(db);
  });

  describe("a relay's turn", () => {
    const turn = (given: Partial<RelayTurn> = {}) =>
      advanceOutbox(db, {
        published: [],
        secretTopics: ['secret'],
        lanes: ALL_LANES,
        heldBack: { topics: [], keys: [] },
        limit: 2,
        ...given,
      });
    const names = async (given: Partial<RelayTurn> = {}) =>
      (await turn(given)).map(({ topic, key, value }) => `${topic} ${key} ${value}`);
    const row = (topic: string, key: string, value: string) => ({ topic, key, value });

    beforeEach(async () => {
      await db('outbox').delete();
      await addToOutbox(db, [
        row('busy', 'a', '1'),
        row('busy', 'a', '2'),
        row('busy', 'b', '3'),
        row('secret', 'a', '4'),
        { ...row('secret', 'a', '5'), availableAt: new Date(Date.now() + 60_000) },
      ]);
    });

    test('gives the oldest rows of each topic that are due', async () => {
      expect(await names()).toEqual(['busy a 1', 'busy a 2', 'secret a 4']);
    });

    test('leaves out topics and keys that are held back, and lanes of others', async () => {
      expect(await names({ heldBack: { topics: ['busy'], keys: [] } })).toEqual(['secret a 4']);
      const keys = [{ topic: 'busy', key: 'a' }];
      expect(await names({ heldBack: { topics: [], keys } })).toEqual(['busy b 3', 'secret a 4']);
      const { lane } = (await db('outbox').where({ key: 'a' }).first('lane')) as { lane: number };
      expect(await names({ lanes: ALL_LANES.filter((other) => other !== lane) })).toEqual(['busy b 3']);
      expect(await names({ lanes: [] })).toEqual([]);
    });

    test('marks what is published before it reads, and erases it where it is secret', async () => {
      const published = (await turn()).map(({ id }) => id);
      expect(await names({ published })).toEqual(['busy b 3']);
      const marked = db('outbox').whereNotNull('published_at').orderBy('id').pluck('value');
      expect(await marked).toEqual(['1', '2', '']);
    });
  });

  describe("a payment request's record", () => {
    const record = { topic: 'order-processing-topic', partition: 1, offset: '7', timestamp: '0' };
    const bytes = { key: null, value: 'e30=', headers: {} };

    async function eventOfOrder() {
      const [{ id }] = (await db('orders')
        .insert({ user_id: 'user', user_email: 'kim@example.com', currency: 'KRW', total_minor: 1_000 })
        .returning('id')) as [{ id: number }];
      const requestDto = { ...payBody(), paymentRequest: { method: 'CARD' as const, token: 'tok_visa' } };
      const eventCreatedAt = new Date().toISOString();
      const event = { eventId: randomUUID(), eventCreatedAt, schemaVersion: 1 as const, orderId: id, retryCount: 0 };
      return { ...event, userEmail: 'kim@example.com', requestDto };
    }
    const rowOf = ({ orderId, eventId }: RequestKey) =>
      db('processing_requests').where({ order_id: orderId, event_id: eventId }).first();

    test('of nobody is not taken', async () => {
      const event = { ...(await eventOfOrder()), orderId: 999_999 };
      expect(await takeRequestRecord(db, { event, record, bytes })).toBeUndefined();
    });

    test('is noted once, however many there are, and saved with its request', async () => {
      const event = await eventOfOrder();
      const taken = await Promise.all(
        Array.from({ length: 10 }, () => takeRequestRecord(db, { event, record, bytes })),
      );
      const waiting = { orderStatus: 'CREATED', state: 'PENDING', reason: null, isSignalled: false };
      expect(taken).toEqual(Array(10).fill(waiting));
      await takeRequestRecord(db, { event, record: { ...record, offset: '8' }, bytes: { ...bytes, value: null } });
      expect(await rowOf(event)).toMatchObject({ source: 'kafka', state: 'PENDING', record, record_bytes: bytes });
    });

    test('of a request that has ended keeps no bytes', async () => {
      const event = await eventOfOrder();
      await takeRequestRecord(db, { event, record, bytes });
      await db('processing_requests').update({ record: null });
      await setRequestState(db, event, 'SKIPPED', { reason: 'why' });
      const taken = await takeRequestRecord(db, { event, record, bytes });
      expect(taken).toMatchObject({ state: 'SKIPPED', reason: 'why' });
      expect(await rowOf(event)).toMatchObject({ record, record_bytes: null });
    });

    test('is noted as signalled only where its workflow has not begun it', async () => {
      const [waiting, begun, locked] = [await eventOfOrder(), await eventOfOrder(), await eventOfOrder()];
      for (const event of [waiting, begun, locked]) await takeRequestRecord(db, { event, record, bytes });
      await setRequestState(db, begun, 'RUNNING', { attempt: 1 });
      await db.transaction(async (trx) => {
        await setRequestState(trx, locked, 'RUNNING', { attempt: 1 });
        await markSignalled(db, [waiting, begun, locked]);
      });
      const signalled = db('processing_requests').whereNotNull('signalled_at').pluck('event_id');
      expect(await signalled).toEqual([waiting.eventId]);
    });
  });
});
