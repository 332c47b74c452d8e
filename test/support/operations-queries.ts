import * as blockedKeyReleases from '../../db/blocked-key-releases';
import * as blockedKeys from '../../db/blocked-keys';
import * as comparedOrders from '../../db/compared-orders';
import * as couponClaims from '../../db/coupon-claims';
import * as deadLetterDecisions from '../../db/dead-letter-decisions';
import * as deadLetterIndex from '../../db/dead-letter-index';
import * as deadLetters from '../../db/dead-letters';
import * as lostRecords from '../../db/lost-records';
import * as operatorItems from '../../db/operator-items';
import { orderFactsheets } from '../../db/order-facts';
import { releaseClaimOfRun } from '../../db/orders';
import * as outbox from '../../db/outbox';
import * as outboxLanes from '../../db/outbox-lanes';
import * as providerRecords from '../../db/provider-records';
import * as reconciliation from '../../db/reconciliation';
import * as reconciliationRuns from '../../db/reconciliation-runs';
import { purgeBatch, RETENTION_RULES } from '../../db/retention';
import * as sagaItems from '../../db/saga-items';
import * as signInLinks from '../../db/sign-in-links';
import type { RepositoryQuery, SeededOrders } from './order-queries';

const DAY_MS = 24 * 60 * 60_000;
const MAX_REPLAYS = 3;
const LOSS = { lostAfterMs: 1_000, retryDelayMs: 1_000 };

/** What is asked about records, dead letters, operators' items and old rows, by `file.function` of db/. */
export function operationsQueries({ completed, pending, withCoupon }: SeededOrders): Record<string, RepositoryQuery> {
  const at = new Date();
  const deadLetter = { topic: 'shipment.status.DLT', partition: 0, offset: '40' };
  const blocked = {
    topic: 'shipment.status',
    partition: 1,
    offset: '40',
    key: Buffer.from('40'),
    releaseToken: 'turn-40-1',
  };
  const blocker = { ...blocked, group: 'order-processing-group' };
  const item = { kind: 'PARKED_SAGA', subject: `order-${completed}` } as const;
  const ids = Array.from({ length: 100 }, (_, index) => completed - index);
  const decision = { decision: 'RETRY', actor: 'lee', reason: 'why' };

  const queries: Record<string, RepositoryQuery> = {
    'compared-orders.comparedOrders': (_, db) => comparedOrders.comparedOrders(db, ids),
    'compared-orders.ordersWithMovedStock': async (trx) => {
      const { next } = await comparedOrders.ordersWithMovedStock(trx, { since: new Date(0), limit: 500 });
      return comparedOrders.ordersWithMovedStock(trx, { since: new Date(0), before: next, limit: 500 });
    },
    'dead-letters.listDeadLetters': async (trx) => {
      const page = { limit: 50, skip: 0, maxReplays: MAX_REPLAYS };
      await deadLetters.listDeadLetters(trx, {}, page);
      await deadLetters.listDeadLetters(trx, { topic: 'shipment.status', code: 'WRONG_SCHEMA' }, page);
      return deadLetters.listDeadLetters(trx, { key: '40' }, page);
    },
    'dead-letters.waitingDeadLetters': (trx) =>
      deadLetters.waitingDeadLetters(trx, {}, { after: undefined, limit: 50, maxReplays: MAX_REPLAYS }),
    'dead-letters.countWaitingDeadLetters': (trx) => deadLetters.countWaitingDeadLetters(trx, {}, MAX_REPLAYS),
    'dead-letter-decisions.countBulkDecisions': (trx) => deadLetterDecisions.countBulkDecisions(trx, 'bulk-0'),
    'dead-letters.groupDeadLetters': (trx) => deadLetters.groupDeadLetters(trx, {}, MAX_REPLAYS),
    'dead-letter-decisions.lockDeadLetter': (trx) => deadLetterDecisions.lockDeadLetter(trx, deadLetter),
    'dead-letters.findDeadLetter': (trx) => deadLetters.findDeadLetter(trx, deadLetter, MAX_REPLAYS),
    'dead-letter-decisions.deadLetterOfReplay': (trx) => deadLetterDecisions.deadLetterOfReplay(trx, 'decided-1'),
    'dead-letter-decisions.findDeadLetterDecision': (trx) =>
      deadLetterDecisions.findDeadLetterDecision(trx, 'decided-1'),
    'dead-letter-decisions.insertDeadLetterDecision': (trx) =>
      deadLetterDecisions.insertDeadLetterDecision(trx, {
        ...deadLetter,
        decisionId: 'new',
        deadAt: at,
        action: 'REPLAY',
        actor: 'lee',
        reason: 'why',
        editedValue: null,
        isOverride: false,
        bulkId: null,
      }),
    'dead-letter-decisions.recordReplayOutcome': (trx) =>
      deadLetterDecisions.recordReplayOutcome(trx, 'decided-1', 'processed', undefined),
    'blocked-keys.keyStateOf': (trx) => blockedKeys.keyStateOf(trx, blocked),
    'blocked-keys.waitForKey': (trx) =>
      blockedKeys.waitForKey(trx, {
        ...blocked,
        offset: '99',
        releaseToken: 'new',
        timestamp: '0',
        value: null,
        headers: {},
      }),
    'blocked-keys.isTokenAwaited': (trx) => blockedKeys.isTokenAwaited(trx, blocked.topic, blocked.releaseToken),
    'blocked-keys.blockKey': (trx) => blockedKeys.blockKey(trx, { ...blocker, key: Buffer.from('123') }),
    'blocked-keys.releaseWaiting': (trx) => blockedKeys.releaseWaiting(trx, blocker),
    'blocked-keys.awaitReplay': (trx) => blockedKeys.awaitReplay(trx, blocker, 'new'),
    'blocked-keys.isBlocked': (trx) => blockedKeys.isBlocked(trx, blocked.topic, blocked.key, blocker),
    'blocked-keys.waitingBehind': (trx) => blockedKeys.waitingBehind(trx, deadLetter, 20),
    'blocked-keys.countWaitingRecords': (trx) => blockedKeys.countWaitingRecords(trx),
    'blocked-keys.sendNext': async (trx) => {
      const line = (await trx('blocked_keys')
        .where({ topic: blocked.topic, key: blocked.key })
        .first({ topic: 'topic', keyHash: 'key_hash' })) as blockedKeys.BlockedKeyId;
      return blockedKeys.sendNext(trx, line);
    },
    'dead-letter-index.deadLettersWithDecisions': (trx) =>
      deadLetterIndex.deadLettersWithDecisions(trx).where('l.order_id', completed).select('l.topic'),
    'dead-letter-index.indexDeadLetters': async (trx) => {
      const known = (await deadLetters.findDeadLetter(trx, deadLetter, MAX_REPLAYS)) as deadLetters.StoredDeadLetter;
      return deadLetterIndex.indexDeadLetters(trx, [known]);
    },
    'dead-letter-index.hasDeadLetter': async (trx) => {
      const known = (await deadLetters.findDeadLetter(trx, deadLetter, MAX_REPLAYS)) as deadLetters.StoredDeadLetter;
      const { originTopic, originPartition, originOffset, originAt, consumerGroup } = known;
      return deadLetterIndex.hasDeadLetter(trx, {
        topic: originTopic,
        partition: originPartition,
        offset: originOffset,
        at: originAt ?? new Date(0),
        group: consumerGroup ?? '',
      });
    },
    'blocked-key-releases.longestBlocked': (trx) => blockedKeyReleases.longestBlocked(trx, 50),
    'blocked-key-releases.lockBlockedKey': (trx) => blockedKeyReleases.lockBlockedKey(trx, blocked.topic, blocked.key),
    'blocked-key-releases.recordRelease': (trx) =>
      blockedKeyReleases.recordRelease(trx, {
        decisionId: 'new',
        topic: blocked.topic,
        key: blocked.key,
        actor: 'lee',
        reason: 'why',
      }),
    'blocked-key-releases.wasReleasedBy': (trx) =>
      blockedKeyReleases.wasReleasedBy(trx, 'release-200', blocked.topic, blocked.key),
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
    'operator-items.closeItemsOfOrder': (trx) =>
      operatorItems.closeItemsOfOrder(trx, completed, ['PARKED_SAGA'], {
        decision: 'RETRY',
        actor: 'lee',
        reason: 'why',
      }),
    'operator-items.isRunListed': (trx) => operatorItems.isRunListed(trx, item, 'run'),
    'operator-items.noteItemDecision': (trx) =>
      operatorItems.noteItemDecision(trx, { kinds: ['PARKED_SAGA'], subject: item.subject }, decision),
    'saga-items.replaceItems': (trx) =>
      sagaItems.replaceItems(trx, {
        kinds: ['PARKED_SAGA'],
        workflowId: `order-${completed}`,
        asOfMs: Date.now(),
        items: [{ ...item, kind: 'PARKED_SAGA', cause: 'UNDO_REFUSED', orderId: completed }],
      }),
    'saga-items.closeItemsOfSettled': (trx) =>
      sagaItems.closeItemsOfSettled(trx, ['PARKED_SAGA', 'PERMANENT_ERROR'], { limit: 200 }),
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
    'operator-items.countOpenDeadLetters': (trx) => operatorItems.countOpenDeadLetters(trx),
    'operator-items.findOperatorItem': (trx) => operatorItems.findOperatorItem(trx, 1),
    'operator-items.lockOperatorItem': (trx) => operatorItems.lockOperatorItem(trx, 1),
    'operator-items.findItemDecision': (trx) => operatorItems.findItemDecision(trx, 'item-decision-1'),
    'saga-items.workflowParkedAt': (trx) => sagaItems.workflowParkedAt(trx, completed, 'shipment'),
    'provider-records.coverageOf': (trx) => providerRecords.coverageOf(trx, 'payment'),
    'provider-records.extendCoverage': (trx) =>
      providerRecords.extendCoverage(trx, 'payment', { from: new Date(0), until: at }),
    'provider-records.ordersOfRecords': async (trx) => {
      const page = { since: new Date(0), limit: 500, unknown: false };
      const { next } = await providerRecords.ordersOfRecords(trx, page);
      return providerRecords.ordersOfRecords(trx, { ...page, after: next, unknown: true });
    },
    'provider-records.providerRecordsOf': (trx) => providerRecords.providerRecordsOf(trx, ids),
    'provider-records.saveProviderRecords': async (trx) => {
      const known = await providerRecords.providerRecordsOf(trx, ids);
      return providerRecords.saveProviderRecords(trx, known, at);
    },
    'lost-records.resendStockFailure': (trx) => lostRecords.resendStockFailure(trx, pending, LOSS),
    'coupon-claims.freeCouponOf': (trx) => couponClaims.freeCouponOf(trx, withCoupon.orderId),
    'coupon-claims.freeUnownedSlots': (trx) => couponClaims.freeUnownedSlots(trx, withCoupon.code),
    'orders.releaseClaimOfRun': (trx) => releaseClaimOfRun(trx, completed, { of: 'run_id', isUndoing: true }),
    // A page of them reads so many times as much.
    'order-facts.orderFactsheets': (trx) => orderFactsheets(trx, [completed, pending]),
    'reconciliation.entryAfter': (trx) => reconciliation.entryAfter(trx, 100),
    'reconciliation.orderIdsAfter': (trx) => reconciliation.orderIdsAfter(trx, 100, 500),
    'reconciliation.ordersOfEntries': (trx) =>
      reconciliation.ordersOfEntries(trx, { after: 100, through: 1_000_000, limit: 500 }),
    'reconciliation.stockDifferences': (trx) => reconciliation.stockDifferences(trx),
    'reconciliation.couponCodesAfter': (trx) => reconciliation.couponCodesAfter(trx, '', 100),
    'reconciliation.couponCount': (trx) => reconciliation.couponCount(trx, withCoupon.code),
    'reconciliation.lateCouponRequests': (trx) => reconciliation.lateCouponRequests(trx, 1_000, 100),
    'reconciliation.overdueRows': (trx) => reconciliation.overdueRows(trx, 1_000),
    'reconciliation.openFindings': (trx) =>
      reconciliation.openFindings(trx, { after: 0, limit: 100, run: { id: 'run', hasSeen: false } }),
    'reconciliation.foundBy': (trx) => reconciliation.foundBy(trx, 'run'),
    'reconciliation-runs.beginRun': async (trx) => {
      const run = { id: 'run', isDryRun: false, isFixing: false, actor: 'schedule', reason: null } as const;
      const policy = { overlapMs: 1_000 };
      await reconciliationRuns.beginRun(trx, { ...run, scope: 'INCREMENTAL', since: null }, policy);
      await reconciliationRuns.beginRun(trx, { ...run, id: 'other', scope: 'INCREMENTAL', since: at }, policy);
    },
    'reconciliation-runs.findRun': (trx) => reconciliationRuns.findRun(trx, 'run'),
    'reconciliation-runs.listRuns': (trx) => reconciliationRuns.listRuns(trx, 20),
    'reconciliation-runs.updateRun': (trx) => reconciliationRuns.updateRun(trx, 'run', { found: {} }),
    'reconciliation-runs.endRun': (trx) => reconciliationRuns.endRun(trx, 'run', 'DONE'),
    'sign-in-links.useSignInLink': (trx) => signInLinks.useSignInLink(trx, 'link', at),
    'outbox.addToOutbox': (trx) => outbox.addToOutbox(trx, [{ topic: 'order.status.changed', key: '1', value: '{}' }]),
    'outbox-lanes.leaseLanes': (trx) => outboxLanes.leaseLanes(trx, { owner: 'me', leaseMs: 1_000, laneCount: 16 }),
    'outbox-lanes.releaseLanes': (trx) => outboxLanes.releaseLanes(trx, 'me'),
    'outbox-lanes.isOtherRelayLive': (trx) => outboxLanes.isOtherRelayLive(trx, 'me'),
    'outbox-lanes.leaveLanes': (trx) => outboxLanes.leaveLanes(trx, 'me'),
    'outbox.advanceOutbox': async (trx) => {
      const lanes = Array.from({ length: 16 }, (_, lane) => lane);
      const turn = { published: [], secretTopics: [], lanes, heldBack: { topics: [], keys: [] }, limit: 200 };
      await outbox.advanceOutbox(trx, turn);
      return outbox.advanceOutbox(trx, {
        ...turn,
        published: [1, 2, 3],
        secretTopics: ['order-retry-topic'],
        heldBack: { topics: ['coupon.issue'], keys: [{ topic: 'order.status.changed', key: '1' }] },
      });
    },
    'outbox.topicsBehind': (trx) => outbox.topicsBehind(trx, ['order.status.changed', 'not-there'], 30_000),
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
