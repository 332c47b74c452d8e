import { type Check, idsOf } from './invariant';
import { recordsOf } from './topics';

interface Row {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly is_published: boolean;
}

const eventIdOf = (text: string) => (JSON.parse(text) as { eventId: string }).eventId;

/** I7: every outbox row is on its topic, and those of one key in their order; late copies may follow. */
export const everyRowPublished: Check = async (checked) => {
  const { outside } = checked;
  const rows = await outside.rows<Row>(
    `select topic, key, value, published_at is not null as is_published
     from outbox where key = any($1) order by id`,
    [idsOf(checked).map(String)],
  );
  const waiting = rows.filter(({ is_published }) => !is_published);
  const found = waiting.map(({ topic, key }) => `a row of ${topic} under ${key} is not published`);
  const topics = [...new Set(rows.map(({ topic }) => topic))];
  if (topics.length === 0) return found;
  const published = byTopicAndKey(await recordsOf(outside, topics));

  for (const [id, own] of byTopicAndKey(rows.filter(({ value }) => value !== ''))) {
    const wanted = own.map(({ value }) => eventIdOf(value));
    const first = firstOfEach((published.get(id) ?? []).map(({ value }) => eventIdOf(String(value))));
    const ours = first.filter((eventId) => wanted.includes(eventId));
    if (ours.join() !== wanted.join()) found.push(`${id}: rows ${wanted.join()}, on the topic ${ours.join()}`);
  }

  // Rows whose content is erased: the requests say which events there must be.
  const requests = await outside.rows<{ order_id: string; event_id: string; source: string }>(
    `select order_id, event_id, source from processing_requests where order_id = any($1) and source in ('api', 'retry')`,
    [idsOf(checked)],
  );
  for (const { order_id: key, event_id: eventId, source } of requests) {
    const topic = source === 'api' ? 'order-processing-topic' : 'order-retry-topic';
    const isThere = (published.get(`${topic} ${key}`) ?? []).some(({ value }) => eventIdOf(String(value)) === eventId);
    if (!isThere) found.push(`request ${eventId} of order ${key} never came to ${topic}`);
  }
  return found;
};

function byTopicAndKey<One extends { readonly topic: string; readonly key: unknown }>(all: readonly One[]) {
  const groups = new Map<string, One[]>();
  for (const one of all) {
    const id = `${one.topic} ${String(one.key)}`;
    groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  return groups;
}

const firstOfEach = (ids: readonly string[]) => [...new Set(ids)];
