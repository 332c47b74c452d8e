import type { Db } from '../../db/connection';
import { closeUnseenItems, listOperatorItems, openOperatorItem } from '../../db/operator-items';
import { topicsBehind } from '../../db/outbox';
import type { OutboxPublisher } from './publisher';

const KIND = 'UNPUBLISHED_TOPIC';
const BEHIND_MS = 30_000;
/** Shorter, so that a relay which takes lanes over lists the topics that the one before had no time to list. */
const FAILING_MS = 10_000;
/** Longer than it takes until each relay has checked again. */
const UNSEEN_MS = 10_000;
/** Longer than it takes to replace a relay; rows that still wait then are on their way. */
const LONG_UNSEEN_MS = 60_000;
/** Far more than there are topics. */
const MOST_LISTED = 1_000;

/** Lists the topics that take nothing while rows of theirs wait; any relay closes the item of a topic that takes rows again. */
export async function listUnpublishedTopics(db: Db, publisher: OutboxPublisher): Promise<void> {
  const failing = publisher.failingTopics(FAILING_MS);
  const listed = await listOperatorItems(db, { kind: KIND, state: 'OPEN' }, { limit: MOST_LISTED });
  const topics = [...failing.map(({ topic }) => topic), ...listed.map(({ subject }) => subject)];
  if (topics.length === 0) return;
  const behind = await topicsBehind(db, [...new Set(topics)], BEHIND_MS);
  for (const { topic, code } of failing)
    if (behind.includes(topic)) await openOperatorItem(db, { kind: KIND, subject: topic, cause: code });
  await closeUnseenItems(db, KIND, { forMs: UNSEEN_MS, unless: behind, inAnyCaseMs: LONG_UNSEEN_MS });
}
