import type { OperatorItemKind, OperatorItemState } from '../domain/operator-item';
import type { Db, DbOrTrx, Trx } from './connection';

/** What is open once at a time: one item a kind and subject. */
export interface OperatorItemId {
  readonly kind: OperatorItemKind;
  /** What it is about, e.g. `order-12/shipment`, `payment`, `order-processing-topic/0/7`. */
  readonly subject: string;
}

export interface OperatorItemCause extends OperatorItemId {
  /** Stable code of why. */
  readonly cause: string;
  readonly orderId?: number | undefined;
  readonly workflowId?: string | undefined;
  /** The workflow's run, where the item is about one. */
  readonly runId?: string | undefined;
  readonly step?: string | undefined;
  /** Minor units. */
  readonly amountAtRiskMinor?: number | undefined;
  /** What shows that it is so. */
  readonly evidence?: ItemEvidence | undefined;
  /** What the system can do about it once somebody asks for it. */
  readonly offeredFix?: string | undefined;
  /** Since when it is so; absent: now. */
  readonly since?: Date | undefined;
}

/** Names and values: ids, codes and amounts, no personal data. */
export type ItemEvidence = Readonly<Record<string, string | number | boolean | null>>;

/** What a person decided about an item. */
export interface OperatorDecision {
  readonly decision: string;
  readonly decisionId?: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

/** How an item ends: by a decision of a person, or because its cause is gone. */
export type OperatorItemEnd = { readonly state: 'HEALED' } | ({ readonly state: 'RESOLVED' } & OperatorDecision);

export interface OperatorItem extends OperatorItemId {
  readonly id: number;
  readonly cause: string;
  readonly orderId: number | null;
  readonly workflowId: string | null;
  readonly step: string | null;
  readonly amountAtRiskMinor: number;
  readonly evidence: ItemEvidence | null;
  readonly offeredFix: string | null;
  readonly since: Date;
  readonly lastSeenAt: Date;
  /** How often the cause was seen while the item is open. */
  readonly times: number;
  readonly state: OperatorItemState;
  readonly closedAt: Date | null;
  readonly decision: string | null;
  readonly decisionId: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

/** Lists a cause, in the transaction that records it; one that is open already counts once more. */
export async function openOperatorItem(db: DbOrTrx, item: OperatorItemCause): Promise<void> {
  await db('operator_items')
    .insert({
      kind: item.kind,
      subject: item.subject,
      cause: item.cause,
      order_id: item.orderId ?? null,
      workflow_id: item.workflowId ?? null,
      run_id: item.runId ?? null,
      step: item.step ?? null,
      amount_at_risk_minor: item.amountAtRiskMinor ?? 0,
      ...shownOf(item),
      ...(item.since ? { since: item.since } : {}),
    })
    .onConflict(db.raw(`(kind, subject) where state = 'OPEN'`) as never)
    .merge({
      cause: item.cause,
      run_id: item.runId ?? null,
      amount_at_risk_minor: item.amountAtRiskMinor ?? 0,
      ...shownOf(item),
      last_seen_at: db.raw('clock_timestamp()'),
      times: db.raw('operator_items.times + 1'),
    });
}

const shownOf = ({ evidence, offeredFix }: OperatorItemCause) => ({
  evidence: evidence ? JSON.stringify(evidence) : null,
  offered_fix: offeredFix ?? null,
});

/** Whether this run of a workflow is or was listed: what an operator has closed does not come back. */
export async function isRunListed(db: Db, { kind, subject }: OperatorItemId, runId: string): Promise<boolean> {
  const row: unknown = await db('operator_items').where({ kind, subject, run_id: runId }).first('id');
  return row !== undefined;
}

/** Closes what is open about a subject, or about any of several; returns how many items that were. */
export async function closeOperatorItems(
  db: DbOrTrx,
  { kind, subject }: { readonly kind: OperatorItemKind; readonly subject: string | readonly string[] },
  end: OperatorItemEnd,
): Promise<number> {
  return db('operator_items')
    .where({ kind, state: 'OPEN' })
    .whereIn('subject', [subject].flat())
    .update(
      end.state === 'HEALED'
        ? healed(db)
        : { state: end.state, closed_at: db.raw('clock_timestamp()'), ...decisionColumns(end) },
    );
}

/** Closes all that is open of these kinds about an order. */
export async function closeItemsOfOrder(
  trx: Trx,
  orderId: number,
  kinds: readonly OperatorItemKind[],
  decision: OperatorDecision,
): Promise<void> {
  await trx('operator_items')
    .where({ order_id: orderId, state: 'OPEN' })
    .whereIn('kind', kinds as OperatorItemKind[])
    .update({ state: 'RESOLVED', closed_at: trx.raw('clock_timestamp()'), ...decisionColumns(decision) });
}

/** Closes what nobody has seen for so long: its cause is gone. With a subject in `unless`, for longer. */
export async function closeUnseenItems(
  db: DbOrTrx,
  kind: OperatorItemKind,
  {
    forMs,
    unless,
    inAnyCaseMs,
  }: { readonly forMs: number; readonly unless: readonly string[]; readonly inAnyCaseMs: number },
): Promise<void> {
  await db('operator_items')
    .where({ kind, state: 'OPEN' })
    .whereRaw(
      `last_seen_at < clock_timestamp()
         - case when subject = any(?::text[]) then ?::int else ?::int end * interval '1 millisecond'`,
      [unless as string[], inAnyCaseMs, forMs],
    )
    .update(healed(db));
}

/** Keeps a decision with the open item that it is about: the item is closed by what the decision leads to. */
export async function noteItemDecision(
  db: DbOrTrx,
  { kinds, subject }: { readonly kinds: readonly OperatorItemKind[]; readonly subject: string },
  decision: OperatorDecision,
): Promise<void> {
  await db('operator_items')
    .where({ subject, state: 'OPEN' })
    .whereIn('kind', kinds as OperatorItemKind[])
    .update(decisionColumns(decision));
}

const decisionColumns = ({ decision, decisionId, actor, reason }: OperatorDecision) => ({
  decision,
  decision_id: decisionId ?? null,
  actor,
  reason,
});

/** By itself, unless somebody has decided about it. */
export const healed = (db: DbOrTrx) => ({
  state: db.raw(`case when decision is null then 'HEALED' else 'RESOLVED' end`),
  closed_at: db.raw('clock_timestamp()'),
});

const COLUMNS = {
  id: 'id',
  kind: 'kind',
  subject: 'subject',
  cause: 'cause',
  orderId: 'order_id',
  workflowId: 'workflow_id',
  step: 'step',
  amountAtRiskMinor: 'amount_at_risk_minor',
  evidence: 'evidence',
  offeredFix: 'offered_fix',
  since: 'since',
  lastSeenAt: 'last_seen_at',
  times: 'times',
  state: 'state',
  closedAt: 'closed_at',
  decision: 'decision',
  decisionId: 'decision_id',
  actor: 'actor',
  reason: 'reason',
} as const;

export interface ItemsMeant {
  readonly kind?: OperatorItemKind | undefined;
  readonly state: OperatorItemState;
  readonly subject?: string | undefined;
  readonly cause?: string | undefined;
  readonly step?: string | undefined;
  readonly order?: number | undefined;
  readonly olderThanMinutes?: number | undefined;
}

function itemsMeant(db: DbOrTrx, { kind, state, subject, cause, step, order, olderThanMinutes }: ItemsMeant) {
  const query = db('operator_items').where({ state });
  if (kind !== undefined) query.where({ kind });
  if (subject !== undefined) query.where({ subject });
  if (cause !== undefined) query.where({ cause });
  if (step !== undefined) query.where({ step });
  if (order !== undefined) query.where({ order_id: order });
  if (olderThanMinutes !== undefined)
    query.whereRaw(`since < clock_timestamp() - ? * interval '1 minute'`, [olderThanMinutes]);
  return query;
}

/** Those that were listed first, after `page.after`. */
export async function listOperatorItems(
  db: Db,
  filter: ItemsMeant,
  page: { readonly limit: number; readonly after?: number | undefined },
): Promise<OperatorItem[]> {
  const query = itemsMeant(db, filter).select(COLUMNS).orderBy('id').limit(page.limit);
  if (page.after !== undefined) query.where('id', '>', page.after);
  return (await query) as OperatorItem[];
}

export interface OperatorItemCount {
  readonly kind: OperatorItemKind;
  readonly cause: string;
  readonly count: number;
  readonly oldestSince: Date;
  readonly amountAtRiskMinor: number;
}

/** How many of each cause, the most first. */
export async function groupOperatorItems(db: Db, filter: ItemsMeant): Promise<OperatorItemCount[]> {
  return (await itemsMeant(db, filter)
    .groupBy('kind', 'cause')
    .select('kind', 'cause', db.raw('count(*)::int as count'), db.raw('min(since) as "oldestSince"'))
    .select(db.raw('sum(amount_at_risk_minor)::bigint as "amountAtRiskMinor"'))
    .orderBy('count', 'desc')) as OperatorItemCount[];
}

/** How many dead letters nobody has decided about, by dead-letter topic. */
export async function countOpenDeadLetters(db: Db): Promise<{ readonly topic: string; readonly count: number }[]> {
  return (await db('operator_items')
    .where({ kind: 'DEAD_LETTER', state: 'OPEN' })
    .groupByRaw(`split_part(subject, '/', 1)`)
    .select(db.raw(`split_part(subject, '/', 1) as topic`), db.raw('count(*)::int as count'))) as never;
}

export async function findOperatorItem(db: DbOrTrx, id: number): Promise<OperatorItem | undefined> {
  return (await db('operator_items').select(COLUMNS).where({ id }).first()) as OperatorItem | undefined;
}

/** The same, locked until the transaction ends. */
export async function lockOperatorItem(trx: Trx, id: number): Promise<OperatorItem | undefined> {
  return (await trx('operator_items').select(COLUMNS).where({ id }).forUpdate().first()) as OperatorItem | undefined;
}

/** Whether any item was decided under this id. */
export async function findItemDecision(trx: Trx, decisionId: string): Promise<number | undefined> {
  const row = (await trx('operator_items').where({ decision_id: decisionId }).first('id')) as
    | { id: number }
    | undefined;
  return row?.id;
}
