import type { Check } from './invariant';
import { recordsOf } from './topics';

/** What this system consumes, and by which group. */
const GROUPS = {
  'stock.decrease.requested': 'order-stock-group',
  'stock.decrease.failed': 'order-compensation-group',
  'order-processing-topic': 'order-processing-group',
  'order-retry-topic': 'order-retry-group',
  'coupon.issue': 'coupon-issue-group',
  'shipment.status': 'shipment-status-group',
} as const;

/**
 * I6: every record has ended: its group has committed it, and it is processed, counted as a duplicate, or in the dead-letter
 * topic byte for byte, once. What a record of ours asks for shows in the database, so that a record which was committed
 * without having been handled is seen: an order whose workflow never began, a request that nobody took.
 */
export const everyRecordEnded: Check = async ({ outside, orders }) => {
  const found: string[] = [];
  const admin = outside.kafka.admin();
  await admin.connect();
  try {
    for (const [topic, groupId] of Object.entries(GROUPS)) {
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const at = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      for (const { partition, high } of await admin.fetchTopicOffsets(topic))
        if (Number(high) > Math.max(0, at.get(partition) ?? 0))
          found.push(`${topic}/${partition}: committed up to ${at.get(partition)} of ${high}`);
    }
  } finally {
    await admin.disconnect();
  }

  const deadTopics = Object.keys(GROUPS).map((topic) => `${topic}.DLT`);
  const [records, dead] = await Promise.all([recordsOf(outside, Object.keys(GROUPS)), recordsOf(outside, deadTopics)]);
  const originals = new Map(records.map((record) => [`${record.topic}/${record.partition}/${record.offset}`, record]));
  const seen = new Set<string>();
  for (const { headers = {}, value } of dead) {
    const position = positionIn(headers);
    // One that the outbox could not publish never was on its topic.
    if (position === undefined) continue;
    if (seen.has(position)) found.push(`${position}: two dead letters`);
    seen.add(position);
    const isEncoded = String(headers['ordersaga-value-encoding'] ?? '') === 'base64';
    const bytes = isEncoded ? Buffer.from(String(value), 'base64') : value;
    const original = originals.get(position);
    if (original?.value && bytes && !original.value.equals(bytes))
      found.push(`${position}: its dead letter has other bytes`);
  }

  const ids = orders.map(({ id }) => id);
  const unheard = await outside.rows<{ id: string; what: string }>(
    `select id, 'its workflow never began' as what from orders where id = any($1) and run_id is null
     union all
     select order_id, 'request ' || event_id || '/' || retry_count || ' is still ' || state
       from processing_requests where order_id = any($1) and state in ('PENDING', 'RUNNING')`,
    [ids],
  );
  return [...found, ...unheard.map(({ id, what }) => `order ${id}: ${what}`)];
};

function positionIn(headers: Record<string, unknown>): string | undefined {
  const binary = (name: string) => headers[`kafka_dlt-original-${name}`] as Buffer | undefined;
  const [topic, partition, offset] = [binary('topic'), binary('partition'), binary('offset')];
  if (!topic || !partition || !offset || partition.length < 4 || offset.length < 8) return undefined;
  const position = offset.readBigInt64BE();
  return position < 0n ? undefined : `${topic}/${partition.readInt32BE()}/${position}`;
}
