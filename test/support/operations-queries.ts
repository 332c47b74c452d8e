import * as deadLetters from '../../db/dead-letters';
import * as keyLines from '../../db/key-lines';
import * as letterIndex from '../../db/letter-index';
import * as lineReleases from '../../db/line-releases';
import * as lostRecords from '../../db/lost-records';
import * as operatorItems from '../../db/operator-items';
import * as outbox from '../../db/outbox';
import * as outboxLanes from '../../db/outbox-lanes';
import { purgeBatch, RETENTION_RULES } from '../../db/retention';
import type { RepositoryQuery, SeededOrders } from './order-queries';

const DAY_MS = 24 * 60 * 60_000;
const MAX_REPLAYS = 3;
const LOSS = { lostAfterMs: 1_000, retryDelayMs: 1_000 };

/** What is asked about records, dead letters, operators' items and old rows, by `file.function` of db/. */
export function operationsQueries({ completed }: SeededOrders): Record<string, RepositoryQuery> {
  const at = new Date();
  const letter = { topic: 'shipment.status.DLT', partition: 0, offset: '40' };
  const blocked = { topic: 'shipment.status', partition: 1, offset: '40', key: Buffer.from('40'), turn: 'turn-40-1' };
  const head = { ...blocked, group: 'order-processing-group' };
  const item = { kind: 'PARKED_SAGA', subject: `order-${completed}` } as const;
  const decision = { decision: 'RETRY', actor: 'lee', reason: 'why' };

  const queries: Record<string, RepositoryQuery> = {
    'dead-letters.listLetters': async (trx) => {
      const page = { limit: 50, skip: 0, maxReplays: MAX_REPLAYS };
      await deadLetters.listLetters(trx, {}, page);
      await deadLetters.listLetters(trx, { topic: 'shipment.status', code: 'WRONG_SCHEMA' }, page);
      return deadLetters.listLetters(trx, { key: '40' }, page);
    },
    'dead-letters.waitingLetters': (trx) =>
      deadLetters.waitingLetters(trx, {}, { after: undefined, limit: 50, maxReplays: MAX_REPLAYS }),
    'dead-letters.countWaitingLetters': (trx) => deadLetters.countWaitingLetters(trx, {}, MAX_REPLAYS),
    'dead-letters.countBulkDecisions': (trx) => deadLetters.countBulkDecisions(trx, 'bulk-0'),
    'dead-letters.groupLetters': (trx) => deadLetters.groupLetters(trx, {}, MAX_REPLAYS),
    'dead-letters.lockLetter': (trx) => deadLetters.lockLetter(trx, letter),
    'dead-letters.findLetter': (trx) => deadLetters.findLetter(trx, letter, MAX_REPLAYS),
    'dead-letters.letterOfReplay': (trx) => deadLetters.letterOfReplay(trx, 'decided-1'),
    'dead-letters.findLetterDecision': (trx) => deadLetters.findLetterDecision(trx, 'decided-1'),
    'dead-letters.insertLetterDecision': (trx) =>
      deadLetters.insertLetterDecision(trx, {
        ...letter,
        decisionId: 'new',
        deadAt: at,
        action: 'REPLAY',
        actor: 'lee',
        reason: 'why',
        editedValue: null,
        isOverride: false,
        bulkId: null,
      }),
    'dead-letters.noteReplayOutcome': (trx) => deadLetters.noteReplayOutcome(trx, 'decided-1', 'processed', undefined),
    'key-lines.standingOf': (trx) => keyLines.standingOf(trx, blocked),
    'key-lines.waitInLine': (trx) =>
      keyLines.waitInLine(trx, { ...blocked, offset: '99', turn: 'new', timestamp: '0', value: null, headers: {} }),
    'key-lines.isAwaited': (trx) => keyLines.isAwaited(trx, blocked.topic, blocked.turn),
    'key-lines.blockKey': (trx) => keyLines.blockKey(trx, { ...head, key: Buffer.from('123') }),
    'key-lines.goOnWithout': (trx) => keyLines.goOnWithout(trx, head),
    'key-lines.giveTurn': (trx) => keyLines.giveTurn(trx, head, 'new'),
    'key-lines.isBlocked': (trx) => keyLines.isBlocked(trx, blocked.topic, blocked.key, head),
    'key-lines.waitingBehind': (trx) => keyLines.waitingBehind(trx, letter, 20),
    'key-lines.countWaitingRecords': (trx) => keyLines.countWaitingRecords(trx),
    'key-lines.sendNext': async (trx) => {
      const line = (await trx('blocked_keys')
        .where({ topic: blocked.topic, key: blocked.key })
        .first({ topic: 'topic', keyHash: 'key_hash' })) as keyLines.Line;
      return keyLines.sendNext(trx, line);
    },
    'letter-index.lettersWithDecisions': (trx) =>
      letterIndex.lettersWithDecisions(trx).where('l.order_id', completed).select('l.topic'),
    'letter-index.indexLetters': async (trx) => {
      const known = (await deadLetters.findLetter(trx, letter, MAX_REPLAYS)) as deadLetters.Letter;
      return letterIndex.indexLetters(trx, [known]);
    },
    'letter-index.hasDeadLetter': async (trx) => {
      const known = (await deadLetters.findLetter(trx, letter, MAX_REPLAYS)) as deadLetters.Letter;
      const { originTopic, originPartition, originOffset, originAt, consumerGroup } = known;
      return letterIndex.hasDeadLetter(trx, {
        topic: originTopic,
        partition: originPartition,
        offset: originOffset,
        at: originAt ?? new Date(0),
        group: consumerGroup ?? '',
      });
    },
    'line-releases.longestLines': (trx) => lineReleases.longestLines(trx, 50),
    'line-releases.lockedLine': (trx) => lineReleases.lockedLine(trx, blocked.topic, blocked.key),
    'line-releases.noteRelease': (trx) =>
      lineReleases.noteRelease(trx, {
        decisionId: 'new',
        topic: blocked.topic,
        key: blocked.key,
        actor: 'lee',
        reason: 'why',
      }),
    'line-releases.wasReleasedBy': (trx) => lineReleases.wasReleasedBy(trx, 'release-200', blocked.topic, blocked.key),
    'lost-records.lateRecords': (trx) => lostRecords.lateRecords(trx, LOSS),
    'lost-records.closeFound': (trx) => lostRecords.closeFound(trx),
    'lost-records.sendAgain': async (trx) => {
      const orderId = completed;
      const subject = 'order-0/stock';
      await lostRecords.sendAgain(trx, LOSS, { of: 'order', topic: 'stock.decrease.requested', subject, orderId });
      const key = { orderId, eventId: 'none', retryCount: 0 };
      await lostRecords.sendAgain(trx, LOSS, { of: 'request', topic: 'order-processing-topic', subject, key });
      await lostRecords.sendAgain(trx, LOSS, { of: 'coupon', topic: 'coupon.issue', subject, requestId: 'none' });
    },
    'operator-items.openOperatorItem': (trx) =>
      operatorItems.openOperatorItem(trx, { ...item, cause: 'UNDO_REFUSED', orderId: completed }),
    'operator-items.closeOperatorItems': (trx) => operatorItems.closeOperatorItems(trx, item, { state: 'HEALED' }),
    'operator-items.isRunListed': (trx) => operatorItems.isRunListed(trx, item, 'run'),
    'operator-items.noteItemDecision': (trx) =>
      operatorItems.noteItemDecision(trx, { kinds: ['PARKED_SAGA'], subject: item.subject }, decision),
    'operator-items.replaceItems': (trx) =>
      operatorItems.replaceItems(trx, {
        kinds: ['PARKED_SAGA'],
        workflowId: `order-${completed}`,
        asOfMs: Date.now(),
        items: [{ ...item, kind: 'PARKED_SAGA', cause: 'UNDO_REFUSED', orderId: completed }],
      }),
    'operator-items.closeItemsOfSettled': (trx) =>
      operatorItems.closeItemsOfSettled(trx, ['PARKED_SAGA', 'PERMANENT_ERROR'], { limit: 200 }),
    'operator-items.closeUnseenItems': (trx) =>
      operatorItems.closeUnseenItems(trx, 'UNPUBLISHED_TOPIC', {
        forMs: 1,
        unless: ['shipment.status'],
        inAnyCaseMs: 2,
      }),
    'operator-items.listOperatorItems': async (trx) => {
      await operatorItems.listOperatorItems(trx, { state: 'OPEN' }, { limit: 50 });
      await operatorItems.listOperatorItems(trx, { state: 'RESOLVED' }, { limit: 50, after: 1_000 });
      return operatorItems.listOperatorItems(trx, { state: 'OPEN', order: completed }, { limit: 50 });
    },
    'operator-items.groupOperatorItems': (trx) => operatorItems.groupOperatorItems(trx, { state: 'OPEN' }),
    'operator-items.findOperatorItem': (trx) => operatorItems.findOperatorItem(trx, 1),
    'operator-items.lockOperatorItem': (trx) => operatorItems.lockOperatorItem(trx, 1),
    'operator-items.findItemDecision': (trx) => operatorItems.findItemDecision(trx, 'item-decision-1'),
    'operator-items.workflowParkedAt': (trx) => operatorItems.workflowParkedAt(trx, completed, 'shipment'),
    'outbox.addToOutbox': (trx) => outbox.addToOutbox(trx, [{ topic: 'order.status.changed', key: '1', value: '{}' }]),
    'outbox-lanes.leaseLanes': (trx) => outboxLanes.leaseLanes(trx, { owner: 'me', leaseMs: 1_000, laneCount: 16 }),
    'outbox-lanes.releaseLanes': (trx) => outboxLanes.releaseLanes(trx, 'me'),
    'outbox-lanes.isOtherRelayLive': (trx) => outboxLanes.isOtherRelayLive(trx, 'me'),
    'outbox-lanes.leaveLanes': (trx) => outboxLanes.leaveLanes(trx, 'me'),
    'outbox.dueOutboxRows': async (trx) => {
      const lanes = Array.from({ length: 16 }, (_, lane) => lane);
      await outbox.dueOutboxRows(trx, lanes, 200);
      return outbox.dueOutboxRows(trx, lanes, 200, {
        topics: ['coupon.issue'],
        keys: [{ topic: 'order.status.changed', key: '1' }],
      });
    },
    'outbox.topicsBehind': (trx) => outbox.topicsBehind(trx, ['order.status.changed', 'not-there'], 30_000),
    'outbox.markPublished': (trx) => outbox.markPublished(trx, [1, 2, 3]),
    'outbox.outboxBacklog': (trx) => outbox.outboxBacklog(trx),
    'outbox.oldestUnpublished': (trx) => outbox.oldestUnpublished(trx, 50),
    'outbox.nextDueAt': (trx) => outbox.nextDueAt(trx),
  };
  for (const rule of RETENTION_RULES) {
    queries[`retention.purgeBatch ${rule.name}`] = (trx) => purgeBatch(trx, rule, { keepMs: 200 * DAY_MS, rows: 100 });
    queries[`retention.purgeBatch ${rule.name}: nothing is old`] = (trx) =>
      purgeBatch(trx, rule, { keepMs: 5_000 * DAY_MS, rows: 100 });
  }
  return queries;
}
