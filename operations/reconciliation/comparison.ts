import type { ComparedOrder, ComparedStep } from '../../db/compared-orders';
import type { Coverage, ListedProvider, ProviderRecord } from '../../db/provider-records';
import type { Finding, FindingCode } from '../../domain/finding';
import type { OrderStatus } from '../../domain/order-status';
import type { SagaState } from '../../domain/saga-state';

/** As of when an order is compared, and how far each provider's list is known. */
export interface ComparedAt {
  readonly now: Date;
  /** What has changed within it is not compared yet. */
  readonly graceMs: number;
  readonly coverage: Readonly<Partial<Record<ListedProvider, Coverage>>>;
}

/** A difference between us and a provider, until it is confirmed. */
export interface Difference {
  readonly provider: ListedProvider;
  readonly finding: Finding;
}

/** The step that works at a provider. */
export const STEP_OF = { payment: 'payment', carrier: 'shipment', warehouse: 'warehouse' } as const satisfies Record<
  ListedProvider,
  ComparedStep['step']
>;

const MOVING: ReadonlySet<SagaState> = new Set(['RUNNING', 'COMPENSATING', 'NEEDS_OPERATOR']);
const UNPAID: ReadonlySet<OrderStatus> = new Set(['CREATED', 'PENDING_PAYMENT', 'CANCELLED', 'REFUNDED']);

/** An order beside what one provider has of it. */
export class Comparison {
  /** Nothing is under way, and nothing has changed just now. */
  readonly isResting: boolean;
  readonly isPaid: boolean;
  /** Those at this provider. */
  readonly steps: readonly ComparedStep[];
  readonly records: readonly ProviderRecord[];

  constructor(
    readonly order: ComparedOrder,
    readonly provider: ListedProvider,
    private readonly at: ComparedAt,
  ) {
    const changes = [order.changedAt, ...order.steps.map(({ updatedAt }) => updatedAt)];
    this.isResting = !MOVING.has(order.sagaState) && !changes.some((change) => isRecent(change, at));
    this.isPaid = !UNPAID.has(order.status);
    this.steps = order.steps.filter(({ step }) => step === STEP_OF[provider]);
    this.records = order.records.filter((record) => record.provider === provider);
  }

  stepOf(key: string): ComparedStep | undefined {
    return this.steps.find((step) => step.key === key);
  }

  /**
   * Whether nothing more is to come under a key. While its order is moving: only where its step was undone, or where no step has
   * it, as a step's intent is saved before its provider is called.
   */
  isOver(step: ComparedStep | undefined, records: readonly ProviderRecord[]): boolean {
    if (this.isResting) return true;
    if (!step) return !records.some(({ changedAt }) => isRecent(changedAt, this.at));
    return (step.state === 'UNDONE' || step.state === 'SKIPPED') && !isRecent(step.updatedAt, this.at);
  }

  /** Whether the mirror must have what we have recorded then: a provider has it a little earlier. */
  mustBeSeen(recordedAt: Date, seen: ProviderRecord | undefined): boolean {
    const known = this.at.coverage[this.provider];
    if (!known || recordedAt >= known.until) return false;
    return seen !== undefined || recordedAt.getTime() - this.at.graceMs >= known.from.getTime();
  }

  /** A difference about a step's key, or about a record whose key is no step's. */
  difference(
    code: FindingCode,
    about: { readonly key: string; readonly record: ProviderRecord | undefined },
    rest: Pick<Finding, 'amountAtRiskMinor' | 'since' | 'evidence' | 'isFixable'>,
  ): Difference {
    const { order, provider } = this;
    const step = STEP_OF[provider];
    const attempt = this.stepOf(about.key)?.attempt ?? attemptIn(about.key, order.id, step);
    const subject =
      attempt === undefined && about.record ? `${step}/${about.record.ref}` : `order-${order.id}/${step}/${attempt}`;
    const evidence = { order: order.status, sagaState: order.sagaState, key: about.key, ...rest.evidence };
    return { provider, finding: { code, subject, orderId: order.id, step, attempt, ...rest, evidence } };
  }
}

export function isRecent(change: Date, { now, graceMs }: ComparedAt): boolean {
  return change.getTime() > now.getTime() - graceMs;
}

function attemptIn(key: string, orderId: number, step: string): number | undefined {
  const prefix = `${orderId}:${step}:`;
  const digits = key.startsWith(prefix) ? /^\d{1,9}$/.exec(key.slice(prefix.length))?.[0] : undefined;
  return digits === undefined ? undefined : Number(digits);
}
