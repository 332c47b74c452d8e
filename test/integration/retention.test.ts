import { type Db, openDatabase } from '../../db/connection';
import { migrateSchema } from '../../db/schema';
import { purgeOldRows } from '../../kafka-bridge/retention';
import { createLogger } from '../../observability/logger';
import { RelayMetrics } from '../../observability/relay-metrics';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';

const DAY_MS = 24 * 60 * 60_000;
const AGES = {
  outbox: DAY_MS / 24,
  idempotency: DAY_MS,
  personal: 90 * DAY_MS,
  deadLetters: 90 * DAY_MS,
  history: 365 * DAY_MS,
  audit: 1_825 * DAY_MS,
};
const OF_ORDERS = ['processing_requests', 'notifications', 'timeline', 'saga_steps', 'resolutions'] as const;

describe('old rows', () => {
  const fixture = new Fixture();
  const logger = createLogger('test', 'silent');
  let db: Db;
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 6 });
    fixture.defer(() => db.destroy());
    await migrateSchema(db);
    await db('products').insert({ sku: 'mug', name: 'Mug', price_minor: 1_000, free_units: 10, held_units: 0 });
    await db('coupons').insert({
      code: 'opening',
      name: 'Opening',
      total: 9,
      discount_type: 'FIXED',
      discount_value: 1,
    });
  });
  beforeEach(() =>
    db.raw(`truncate orders, order_lines, stock_movements, money_movements, saga_steps, processing_requests, resolutions, timeline, outbox,
      notifications, idempotency_keys, coupon_requests, dead_letters, dead_letter_decisions, blocked_keys, waiting_records, line_releases,
      operator_items, resends`),
  );
  const metrics = () => new RelayMetrics('test');
  const purge = (to = metrics()) => purgeOldRows({ db, metrics: to, logger, ages: AGES });
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);
  const countOf = async (table: string, where: object = {}) =>
    Number(((await db(table).where(where).count({ count: '*' }).first()) as { count: string }).count);

  /** An order with whatever it leaves behind, all of it so old. */
  async function order(at: Date, { status = 'COMPLETED', sagaState = 'SETTLED', endedAt = at } = {}): Promise<number> {
    const [{ id }] = (await db('orders')
      .insert({ user_id: 'kim', user_email: 'kim@example.com', currency: 'KRW', total_minor: 1_000, created_at: at })
      .returning('id')) as [{ id: number }];
    const path = ['PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING', 'SHIPMENT_STARTED', 'IN_TRANSIT', 'COMPLETED'];
    for (const passed of path.slice(0, path.indexOf(status) + 1))
      await db('orders').where({ id }).update({ status: passed });
    await db('orders').where({ id }).update({ saga_state: sagaState, updated_at: endedAt });
    const of = { order_id: id };
    await db('order_lines').insert({ ...of, sku: 'mug', name: 'Mug', quantity: 1, unit_price_minor: 1_000 });
    await db('stock_movements').insert({ ...of, sku: 'mug', kind: 'hold', units: 1, key: `${id}:stock:0`, at });
    await db('money_movements').insert({ ...of, kind: 'charge', amount_minor: 1_000, key: `${id}:payment:2`, at });
    const event = { requestDto: { paymentRequest: { method: 'CARD' }, shipment: { recipientName: 'Kim Minji' } } };
    await db('processing_requests').insert({
      ...of,
      event_id: 'e',
      retry_count: 0,
      state: 'DONE',
      source: 'api',
      event,
      attempt: 2,
      created_at: at,
    });
    for (const [attempt, state] of [
      [1, 'UNDONE'],
      [2, 'DONE'],
    ] as const)
      await db('saga_steps').insert({
        ...of,
        key: `${id}:payment:${attempt}`,
        step: 'payment',
        attempt,
        state,
        updated_at: at,
      });
    const outcome = { outcome: 'PREPARING', recipient: 'kim@example.com', body: 'Yours', created_at: at };
    await db('notifications').insert({ ...of, ...outcome, dedupe_key: 'sent', delivered_at: at });
    await db('notifications').insert({ ...of, ...outcome, dedupe_key: 'unsent' });
    await db('timeline').insert([
      { ...of, at, type: 'status', data: { to: 'CREATED' } },
      { ...of, at, type: 'notice', data: { code: 'CANCEL_REQUESTED', actor: 'customer' } },
      { ...of, at, type: 'notice', data: { code: 'CANCEL_REQUESTED', actor: 'lee' } },
      { ...of, at, type: 'resolution', data: { actor: 'lee', decision: 'RETRY' } },
    ]);
    await db('resolutions').insert({
      ...of,
      decision_id: `d-${id}`,
      step: 'payment',
      decision: 'RETRY',
      reason: 'r',
      actor: 'lee',
      at,
    });
    return id;
  }

  const left = async (orderId: number) =>
    Object.fromEntries(
      await Promise.all(OF_ORDERS.map(async (table) => [table, await countOf(table, { order_id: orderId })] as const)),
    );
  const ALL = { processing_requests: 1, notifications: 2, timeline: 4, saga_steps: 2, resolutions: 1 };

  test('of an order that ended: what names the customer goes first, then its history, then the decisions about it', async () => {
    const [young, middle, old, ancient] = [
      await order(daysAgo(80)),
      await order(daysAgo(100)),
      await order(daysAgo(400)),
      await order(daysAgo(2_000)),
    ];
    await purge();
    expect(await left(young)).toEqual(ALL);
    expect(await left(middle)).toEqual({ ...ALL, processing_requests: 0, notifications: 1 });
    expect(await left(old)).toEqual({
      processing_requests: 0,
      notifications: 1,
      timeline: 2,
      saga_steps: 1,
      resolutions: 1,
    });
    expect(await left(ancient)).toEqual({
      processing_requests: 0,
      notifications: 1,
      timeline: 0,
      saga_steps: 1,
      resolutions: 0,
    });
    expect(await db('timeline').where({ order_id: old }).pluck('type')).toEqual(['notice', 'resolution']);
    // What a refund takes back, and the ledgers.
    expect(await db('saga_steps').where({ order_id: ancient }).pluck('state')).toEqual(['DONE']);
    for (const table of ['orders', 'order_lines', 'stock_movements', 'money_movements'])
      expect([table, await countOf(table)]).toEqual([table, 4]);
  });

  test('stay while a saga or a person has still to do with their order, and count from its end', async () => {
    const ancient = daysAgo(2_000);
    const kept = [
      await order(ancient, { status: 'PREPARING', sagaState: 'WAITING' }),
      await order(ancient, { status: 'COMPLETED', sagaState: 'RUNNING' }),
      await order(ancient, { endedAt: daysAgo(1) }),
      await order(ancient),
    ];
    await db('operator_items').insert({
      kind: 'PARKED_SAGA',
      subject: 's',
      cause: 'c',
      order_id: kept[3],
      since: ancient,
    });
    await purge();
    for (const orderId of kept) expect(await left(orderId)).toEqual(ALL);
  });

  test('that stay keep no others behind them, and several processes at once purge each row once', async () => {
    const running = await order(daysAgo(100), { status: 'PREPARING', sagaState: 'WAITING' });
    const sent = {
      outcome: 'X',
      recipient: 'kim@example.com',
      body: 'x',
      delivered_at: daysAgo(100),
      created_at: daysAgo(100),
    };
    const many = (orderId: number, count: number) =>
      db.batchInsert(
        'notifications',
        Array.from({ length: count }, (_, at) => ({ ...sent, order_id: orderId, dedupe_key: `n-${at}` })),
        500,
      );
    await many(running, 1_200);
    const ended = await order(daysAgo(100));
    await many(ended, 1_300);
    const seen = [metrics(), metrics(), metrics()];
    await Promise.all(seen.map((to) => purge(to)));
    // Where one was at it, the others did not wait.
    await purge(seen[0]);
    expect(await countOf('notifications', { order_id: running })).toBe(1_202);
    expect(await countOf('notifications', { order_id: ended })).toBe(1);
    const purged = await Promise.all(seen.map((to) => to.rowsPurged.get()));
    const sum = purged.flatMap(({ values }) => values).filter(({ labels }) => labels.table === 'notifications');
    expect(sum.reduce((total, { value }) => total + value, 0)).toBe(1_301);
  });

  describe('of dead letters', () => {
    const position = (offset: number) => ({ topic: 'shipment.status.DLT', partition: 0, record_offset: offset });
    const deadLetter = (offset: number, deadAt: Date) => ({
      ...position(offset),
      dead_at: deadAt,
      origin_topic: 'shipment.status',
      origin_partition: 0,
      origin_offset: offset,
      consumer_group: 'shipment-status-group',
      key: Buffer.from(String(offset)),
      value: Buffer.from('tok_visa'),
      headers: {},
      replay_count: 0,
    });
    const decision = (offset: number, deadAt: Date) => ({
      ...position(offset),
      decision_id: `d-${offset}`,
      dead_at: deadAt,
      action: 'DISCARD',
      actor: 'lee',
      reason: 'r',
      edited_value: Buffer.from('tok_other'),
      at: deadAt,
    });
    const offsets = (table: string) => db(table).orderBy('record_offset').pluck('record_offset');

    test('only decided ones go, and one that is read anew from its topic goes again', async () => {
      const [old, ancient] = [daysAgo(100), daysAgo(2_000)];
      const [undecided, decided, waitedFor, young, longDecided] = [1, 2, 3, 4, 5] as const;
      await db('dead_letters').insert([
        deadLetter(undecided, ancient),
        deadLetter(decided, old),
        deadLetter(waitedFor, old),
        deadLetter(young, daysAgo(10)),
        deadLetter(longDecided, ancient),
      ]);
      await db('dead_letter_decisions').insert([
        decision(decided, old),
        decision(waitedFor, old),
        decision(young, daysAgo(10)),
        decision(longDecided, ancient),
      ]);
      await db('blocked_keys').insert({
        topic: 'shipment.status',
        key: Buffer.from('3'),
        head_partition: 0,
        head_offset: 3,
        consumer_group: 'shipment-status-group',
      });
      await purge();
      expect(await offsets('dead_letters')).toEqual([undecided, waitedFor, young]);
      expect(await offsets('dead_letter_decisions')).toEqual([decided, waitedFor, young]);
      expect(
        await db('dead_letter_decisions').where('edited_value', Buffer.from('tok_other')).pluck('record_offset'),
      ).toEqual([young]);
      expect(await db('dead_letter_decisions').whereNull('edited_value')).toEqual([]);

      await db('dead_letters').insert(deadLetter(decided, old));
      await purge();
      expect(await offsets('dead_letters')).toEqual([undecided, waitedFor, young]);
    });
  });

  test('of coupons: a failed request goes, unless a dead letter may still make a coupon of it; an issued coupon stays', async () => {
    const asked = (requestId: string, rank: number, issued: boolean) => ({
      ...{
        request_id: requestId,
        code: 'opening',
        user_id: requestId,
        user_email: 'kim@example.com',
        rank,
        event: '{}',
      },
      ...{
        requested_at: daysAgo(2_000),
        status: issued ? 'ISSUED' : 'FAILED',
        issued_at: issued ? daysAgo(2_000) : null,
      },
    });
    await db('coupon_requests').insert([asked('failed', 1, false), asked('dead', 2, false), asked('issued', 3, true)]);
    await db('dead_letters').insert({
      ...{
        topic: 'coupon.issue.DLT',
        partition: 0,
        record_offset: 1,
        dead_at: daysAgo(2_000),
        origin_topic: 'coupon.issue',
      },
      ...{ origin_partition: 0, origin_offset: 1, headers: {}, replay_count: 0, request_id: 'dead' },
    });
    await purge();
    expect(await db('coupon_requests').orderBy('rank').pluck('request_id')).toEqual(['dead', 'issued']);
  });

  test('of the outbox go once they are published; idempotency keys after a day; audits after theirs', async () => {
    const row = { topic: 'order.status.changed', key: '1', value: '', created_at: daysAgo(9) };
    await db('outbox').insert([{ ...row, published_at: daysAgo(1) }, { ...row, published_at: new Date() }, row]);
    const repeated = { user_id: 'kim', method: 'POST', path: '/', request_hash: 'h', status_code: 201, body: {} };
    await db('idempotency_keys').insert([
      { ...repeated, key: 'old', created_at: daysAgo(2) },
      { ...repeated, key: 'young' },
    ]);
    const release = { topic: 'shipment.status', key: Buffer.from('1'), actor: 'lee', reason: 'r' };
    await db('line_releases').insert([
      { ...release, decision_id: 'old', at: daysAgo(2_000) },
      { ...release, decision_id: 'young', at: daysAgo(1_000) },
    ]);
    const item = { kind: 'PARKED_SAGA', cause: 'c', since: daysAgo(3_000) };
    await db('operator_items').insert([
      { ...item, subject: 'old', state: 'HEALED', closed_at: daysAgo(2_000) },
      { ...item, subject: 'young', state: 'HEALED', closed_at: daysAgo(1_000) },
      { ...item, subject: 'open' },
    ]);
    await purge();
    expect(await countOf('outbox')).toBe(2);
    expect(await db('idempotency_keys').pluck('key')).toEqual(['young']);
    expect(await db('line_releases').pluck('decision_id')).toEqual(['young']);
    expect(await db('operator_items').orderBy('subject').pluck('subject')).toEqual(['open', 'young']);
  });

  test('of one table that can not be purged keep no other back', async () => {
    const row = { topic: 'order.status.changed', key: '1', value: '', published_at: daysAgo(1) };
    await db('outbox').insert(row);
    await order(daysAgo(100));
    await db.raw(`create function not_now() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
      create trigger not_now before delete on outbox for each row execute function not_now()`);
    try {
      await purge();
    } finally {
      await db.raw('drop function not_now cascade');
    }
    expect([await countOf('outbox'), await countOf('processing_requests')]).toEqual([1, 0]);
    await purge();
    expect(await countOf('outbox')).toBe(0);
  });
});
