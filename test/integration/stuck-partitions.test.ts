import type { OperatorItemList, OperatorItemView } from '../../contracts/responses/operator-items';
import { TOPICS } from '../../contracts/topics';
import { openOperatorItem } from '../../db/operator-items';
import { StuckPartitions } from '../../kafka-bridge/consumers/stuck-partitions';
import { createLogger } from '../../observability/logger';
import { eventOf } from '../support/broker';
import { Fixture } from '../support/fixture';
import { processingEvent } from '../support/processing';
import { refuseRows } from '../support/triggers';
import { until } from '../support/until';

/** I11: whatever waits for a person is listed within a minute. */
const WITHIN_MS = 60_000;
const TOPIC = TOPICS.orderProcessing;
const PARTITIONS = [0, 1, 2];

describe('a partition that a record holds up for an unforeseen reason', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();
  beforeAll(async () => {});

  const items = async (query: string): Promise<readonly OperatorItemView[]> =>
    (await shop.operate<OperatorItemList>('GET', `/items?kind=STUCK_PARTITION&${query}`)).body.data.items;
  const isHealed = (id: number) =>
    until(
      `item ${id} to heal`,
      () => shop.db('operator_items').where({ id }).pluck('state'),
      ([state]) => state === 'HEALED',
      WITHIN_MS,
    );

  test('is listed within a minute, and no longer once it goes on, whichever bridge has it by then', async () => {
    const orderIds: number[] = [];
    for (const _ of PARTITIONS) orderIds.push((await shop.payableOrder()).orderId);
    const accept = await refuseRows(
      shop.db,
      'insert on processing_requests',
      `new.order_id in (${orderIds.join()})`,
      'P0001',
    );
    try {
      for (const partition of PARTITIONS) {
        const orderId = orderIds[partition] as number;
        const value = JSON.stringify(eventOf(processingEvent(orderId)));
        await broker.write(TOPIC, { key: String(orderId), value, partition });
      }
      const listed = await until(
        'the partitions to be listed',
        () => items('state=OPEN'),
        (found) => found.length === PARTITIONS.length,
        WITHIN_MS,
      );
      expect(listed.map(({ subject }) => subject).sort()).toEqual(PARTITIONS.map((at) => `${TOPIC}/${at}`));
      expect(new Set(listed.map(({ cause }) => cause))).toEqual(new Set(['SQLSTATE_P0001']));
      expect(listed[0]?.whatToDo).toContain(listed[0]?.subject);

      const another = await fixture.another('bridge', shop.system);
      await broker.untilMembers(TOPIC, 2);
      await accept();
      for (const orderId of orderIds) await shop.reaches(orderId, 'PREPARING');
      for (const { id } of listed) await isHealed(id);
      expect(await items('state=OPEN')).toEqual([]);
      await another.end();
    } finally {
      await accept();
    }
    await broker.untilMembers(TOPIC, 1);
  });

  test('is listed no longer once its bridge is gone and nothing is left to read in it', async () => {
    const topic = TOPICS.stockDecreaseFailed;
    await broker.untilCommitted(topic);
    const item = { kind: 'STUCK_PARTITION', subject: `${topic}/1` } as const;
    await openOperatorItem(shop.db, { ...item, cause: 'TypeError' });
    const [id] = (await shop
      .db('operator_items')
      .where({ ...item, state: 'OPEN' })
      .pluck('id')) as [number];
    await isHealed(id);
  });

  test('is listed no longer once another bridge has got past the record, however much more waits', async () => {
    const topic = `busy-${process.pid}`;
    const logger = createLogger('stuck', 'silent');
    const stuck = new StuckPartitions({ db: shop.db, topic, logger });
    const list = (partition: number) =>
      openOperatorItem(shop.db, { kind: 'STUCK_PARTITION', subject: `${topic}/${partition}`, cause: 'TypeError' });
    const states = () => shop.db('operator_items').where('subject', 'like', `${topic}/%`).orderBy('id').pluck('state');
    await list(0);
    await list(1);
    stuck.assign([0]);
    await stuck.goesOn(0);
    expect(await states()).toEqual(['HEALED', 'OPEN']);
    stuck.assign([0, 1]);
    await stuck.goesOn(1);
    expect(await states()).toEqual(['HEALED', 'HEALED']);
  });
});
