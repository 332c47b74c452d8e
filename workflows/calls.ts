import {
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type {
  AttemptActivities,
  CouponActivities,
  CouponStepActivities,
  OrderActivities,
  PaymentActivities,
  RefundActivities,
  ShipmentActivities,
  StockActivities,
  WarehouseActivities,
} from '../activities';
import type { OrderPolicy } from '../activities/stock';
import { type FailureKind, isFinal } from '../domain/failure';
import { describeFailure, type Failure } from './failures';

export type OwnActivities = StockActivities &
  AttemptActivities &
  OrderActivities &
  CouponActivities &
  CouponStepActivities &
  RefundActivities &
  Pick<ShipmentActivities, 'keepShipment'>;
type ProviderActivities = PaymentActivities & Omit<ShipmentActivities, 'keepShipment'> & WarehouseActivities;

/**
 * About 5 s in all: shorter than what makes Temporal write into the history while a workflow task lasts. By attempts, as
 * the SDK measures a local activity's schedule-to-close anew for each of them.
 */
const local = proxyLocalActivities<OwnActivities>({
  startToCloseTimeout: '2400 milliseconds',
  retry: { initialInterval: '100 milliseconds', maximumAttempts: 2 },
});

/** Tried until the database answers: its retries add nothing to the history, and the Web UI shows it as pending. */
const regular = proxyActivities<OwnActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/**
 * Activities in our own database, one transaction each: within the workflow task, which is cheap and mostly enough, and
 * then as an activity of its own. Throws only what no retry cures.
 */
export const own: OwnActivities = eachOf((name, call) =>
  invoke(local[name], call).catch((error: unknown) => {
    if (isEnd(describeFailure(error).kind)) throw error;
    return invoke(regular[name], call);
  }),
);

/** Also in our own database, but an event of the history by itself: what led to it is there before anything follows. */
export const durable: Pick<OwnActivities, 'noteCancel'> = regular;

/** Our own activities, each call of them run by `run` under the activity's name. */
export function ownActivities(
  run: <Result>(name: string, work: () => Promise<Result>) => Promise<Result>,
): OwnActivities {
  return eachOf((name, call) => run(name, () => invoke(own[name], call)));
}

type AnyOwnActivity = (call: unknown) => Promise<unknown>;

function eachOf(call: (name: keyof OwnActivities, input: unknown) => Promise<unknown>): OwnActivities {
  const get =
    (_target: object, name: string | symbol): AnyOwnActivity =>
    (input) =>
      call(name as keyof OwnActivities, input);
  return new Proxy({}, { get }) as OwnActivities;
}

function invoke(activity: unknown, call: unknown): Promise<unknown> {
  return (activity as AnyOwnActivity)(call);
}

function isEnd(kind: FailureKind): boolean {
  return isFinal(kind) || kind === 'INTERRUPTED';
}

/** The time that provider calls may take together; its clock stops while it is not the provider that keeps them. */
export class CallBudget {
  private deadline: number;

  constructor(
    readonly policy: OrderPolicy,
    budgetMs: number,
    /** What is waited for, however long it takes. */
    private readonly waitsFor: readonly FailureKind[],
  ) {
    this.deadline = Date.now() + budgetMs;
  }

  /** Of a do: the order waits until the provider accepts our credentials, and until our own parts are well. */
  static ofAttempt(policy: OrderPolicy): CallBudget {
    return new CallBudget(policy, policy.processingBudgetMs, ['CREDENTIALS', 'UNEXPECTED']);
  }

  /** Of an undo: one whose provider can't be asked parks, so that a person may decide. */
  static ofUndo(policy: OrderPolicy): CallBudget {
    return new CallBudget(policy, policy.undoPatienceMs, ['UNEXPECTED']);
  }

  get leftMs(): number {
    return this.deadline - Date.now();
  }

  /** Since when the clock is to have been stopped. */
  stopSince(startedAt: number): void {
    this.deadline += Date.now() - startedAt;
  }

  isWaitedFor({ kind }: Failure): boolean {
    return this.waitsFor.includes(kind);
  }
}

const MARGIN_MS = 1_000;
/** Failures of the provider's, in the words of their types. */
const UNAVAILABLE_TYPES = ['PROVIDER_UNAVAILABLE', 'OUTCOME_UNKNOWN'];

/**
 * Calls a provider: first within the workflow task, which is cheap and mostly enough; when that ends without an outcome,
 * as an activity of its own, which looks up what became of the first and is retried within the budget. Where the budget
 * ends while our credentials are refused, or our own parts fail, the call is retried for as long as that lasts.
 */
export async function callProvider<Name extends keyof ProviderActivities>(
  name: Name,
  summary: string,
  call: Parameters<ProviderActivities[Name]>[0],
  budget: CallBudget,
): Promise<void> {
  const { policy } = budget;
  const retry = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;
  const startToCloseTimeout = policy.patientCallMs + MARGIN_MS;
  const quick: LocalActivityOptions = {
    summary,
    startToCloseTimeout: policy.fastCallMs + MARGIN_MS,
    retry: { maximumAttempts: 1 },
  };
  const within = (leftMs: number): ActivityOptions => ({
    summary,
    startToCloseTimeout,
    scheduleToCloseTimeout: Math.max(leftMs, MARGIN_MS),
    retry,
  });
  const waiting: ActivityOptions = {
    summary,
    startToCloseTimeout,
    retry: { ...retry, nonRetryableErrorTypes: UNAVAILABLE_TYPES },
  };

  if (!(await failureOf(proxyLocalActivities<ProviderActivities>(quick)[name], call))) return;
  for (;;) {
    const startedAt = Date.now();
    const failed = await failureOf(proxyActivities<ProviderActivities>(within(budget.leftMs))[name], call);
    if (!failed) return;
    if (!budget.isWaitedFor(failed.failure)) throw failed.error;
    const stillFailed = await failureOf(proxyActivities<ProviderActivities>(waiting)[name], call);
    if (!stillFailed) return;
    budget.stopSince(startedAt);
  }
}

/** How a call failed that may be tried again; undefined: it succeeded. Throws what ends the call. */
async function failureOf(activity: unknown, call: unknown): Promise<{ failure: Failure; error: unknown } | undefined> {
  try {
    await invoke(activity, call);
    return undefined;
  } catch (error) {
    const failure = describeFailure(error);
    if (isEnd(failure.kind)) throw error;
    return { failure, error };
  }
}
