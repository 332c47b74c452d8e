import type { OperatorItemKind, OperatorItemState } from '../domain/operator-item';
import type { DbOrTrx } from './connection';

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
  readonly step?: string | undefined;
  /** Minor units. */
  readonly amountAtRiskMinor?: number | undefined;
}

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

/** Lists a cause, in the transaction that writes it down; one that is open already is seen once more. */
export async function openOperatorItem(db: DbOrTrx, item: OperatorItemCause): Promise<void> {
  await db('operator_items')
    .insert({
      kind: item.kind,
      subject: item.subject,
      cause: item.cause,
      order_id: item.orderId ?? null,
      workflow_id: item.workflowId ?? null,
      step: item.step ?? null,
      amount_at_risk_minor: item.amountAtRiskMinor ?? 0,
    })
    .onConflict(db.raw(`(kind, subject) where state = 'OPEN'`) as never)
    .merge({
      cause: item.cause,
      amount_at_risk_minor: item.amountAtRiskMinor ?? 0,
      last_seen_at: db.raw('clock_timestamp()'),
      times: db.raw('operator_items.times + 1'),
    });
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

/** Closes what is open about a workflow but for some subjects: its cause is gone. */
export async function closeOtherItems(
  db: DbOrTrx,
  which: {
    readonly kinds: readonly OperatorItemKind[];
    readonly workflowId: string;
    readonly except: readonly string[];
  },
): Promise<void> {
  await db('operator_items')
    .where({ workflow_id: which.workflowId, state: 'OPEN' })
    .whereIn('kind', which.kinds as OperatorItemKind[])
    .whereNotIn('subject', which.except as string[])
    .update(healed(db));
}

const decisionColumns = ({ decision, decisionId, actor, reason }: OperatorDecision) => ({
  decision,
  decision_id: decisionId ?? null,
  actor,
  reason,
});

/** By itself, unless somebody has decided about it. */
const healed = (db: DbOrTrx) => ({
  state: db.raw(`case when decision is null then 'HEALED' else 'RESOLVED' end`),
  closed_at: db.raw('clock_timestamp()'),
});
