import { countWaitingRecords } from '../../db/blocked-keys';
import type { Db } from '../../db/connection';
import { countOpenDeadLetters, groupOperatorItems, type OperatorItemCount } from '../../db/operator-items';
import { outboxBacklog } from '../../db/outbox';
import { OPERATOR_ITEM_KINDS } from '../../domain/operator-item';
import type { RelayMetrics } from '../../observability/relay-metrics';

/** Series of open items; the rarer causes are counted together, as other systems make some up. */
const MOST_CAUSES = 50;

/** Reads what waits, and what needs a person, from the database: so a restart of this process forgets nothing of it. */
export async function measureBacklog(db: Db, metrics: RelayMetrics): Promise<void> {
  const [outbox, waitingRecords, items, deadLetters] = await Promise.all([
    outboxBacklog(db),
    countWaitingRecords(db),
    groupOperatorItems(db, { state: 'OPEN' }),
    countOpenDeadLetters(db),
  ]);
  metrics.outboxDue.set(Number(outbox.waiting));
  metrics.outboxAge.set(outbox.oldestMs / 1000);
  metrics.waitingRecords.set(waitingRecords);
  measureItems(metrics, items);
  metrics.deadLettersOpen.reset();
  for (const { topic, count } of deadLetters) metrics.deadLettersOpen.set({ topic }, count);
  metrics.sampledAt.setToCurrentTime();
}

function measureItems(metrics: RelayMetrics, groups: readonly OperatorItemCount[]): void {
  metrics.openItems.reset();
  for (const [index, { kind, cause, count }] of groups.entries())
    metrics.openItems.inc({ kind, cause: index < MOST_CAUSES ? cause : 'OTHER' }, count);
  for (const kind of OPERATOR_ITEM_KINDS) {
    const ofKind = groups.filter((group) => group.kind === kind);
    const oldest = Math.min(Date.now(), ...ofKind.map(({ oldestSince }) => oldestSince.getTime()));
    metrics.oldestItem.set({ kind }, (Date.now() - oldest) / 1000);
    metrics.amountAtRisk.set(
      { kind },
      ofKind.reduce((sum, { amountAtRiskMinor }) => sum + Number(amountAtRiskMinor), 0),
    );
  }
}
