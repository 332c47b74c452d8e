import {
  ActivityCancellationType,
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

const MARGIN_MS = 1_000;
/** Before the order's policy is known. */
const UNDO_PATIENCE_MS = 40_000;
export const UNDO_RETRY_MS = 600_000;

/**
 * About 5 s in all: shorter than what makes Temporal write into the history while a workflow task lasts. By attempts, as
 * the SDK measures a local activity's schedule-to-close anew for each of them.
 */
const local = proxyLocalActivities<OwnActivities>({
  startToCloseTimeout: '2400 milliseconds',
  retry: { initialInterval: '100 milliseconds', maximumAttempts: 2 },
});

/** Tried until the database answers: its retries add nothing to the history, and the Web UI shows it as pending. */
const PATIENT = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const satisfies ActivityOptions;
const regular = proxyActivities<OwnActivities>(PATIENT);

/**
 * Activities in our own database, one transaction each: within the workflow task, which is cheap and mostly enough, and
 * then as an activity of its own. Throws only what no retry cures.
 */
export const own: OwnActivities = ownWithin(regular);

/** The same for an undo: one that keeps failing is given back, so that it parks and the others are done. */
export function ownUndo(policy: OrderPolicy | undefined): OwnActivities {
  const scheduleToCloseTimeout = policy?.undoPatienceMs ?? UNDO_PATIENCE_MS;
  return ownWithin(proxyActivities<OwnActivities>({ ...PATIENT, scheduleToCloseTimeout }));
}

/** A parked undo, tried again until it ends. A person may interrupt it: what is under way then is waited for. */
export function undoInTime<Name extends keyof OwnActivities | keyof ProviderActivities>(
  name: Name,
  summary: string,
  call: Parameters<(OwnActivities & ProviderActivities)[Name]>[0],
  policy: OrderPolicy | undefined,
): Promise<void> {
  const gapMs = policy?.undoRetryMs ?? UNDO_RETRY_MS;
  const activities = proxyActivities<OwnActivities & ProviderActivities>({
    summary,
    startToCloseTimeout: Math.max(30_000, (policy?.patientCallMs ?? 0) + MARGIN_MS),
    retry: { initialInterval: gapMs, backoffCoefficient: 1 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  return invoke(activities[name], call) as Promise<void>;
}

function ownWithin(patient: OwnActivities): OwnActivities {
  return eachOf((name, call) =>
    invoke(local[name], call).catch((error: unknown) => {
      if (isEnd(describeFailure(error).kind)) throw error;
      return invoke(patient[name], call);
    }),
  );
}

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
  private stoppedAt: number | undefined;

  constructor(
    readonly policy: OrderPolicy,
    budgetMs: number,
    /** What is waited for, however long it takes. */
    readonly waitsFor: readonly FailureKind[],
  ) {
    this.deadline = Date.now() + budgetMs;
  }

  /** Of a do: the order waits until the provider accepts our credentials, and until our own parts are well. */
  static ofAttempt(policy: OrderPolicy): CallBudget {
    return new CallBudget(policy, policy.processingBudgetMs, ['CREDENTIALS', 'UNEXPECTED']);
  }

  /** Of an undo: one that cannot be done now parks, so that a person may decide and the other undos are done. */
  static ofUndo(policy: OrderPolicy): CallBudget {
    return new CallBudget(policy, policy.undoPatienceMs, []);
  }

  get leftMs(): number {
    return this.deadline - Date.now();
  }

  /** Stops the clock; it stood still from `at` on. */
  stop(at = Date.now()): void {
    this.stoppedAt ??= at;
  }

  go(): void {
    if (this.stoppedAt !== undefined) this.deadline += Date.now() - this.stoppedAt;
    this.stoppedAt = undefined;
  }

  isWaitedFor({ kind }: Failure): boolean {
    return this.waitsFor.includes(kind);
  }
}

const RETRY = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/**
 * Calls a provider: first within the workflow task, which is cheap and mostly enough; when that ends without an outcome,
 * as an activity of its own, which looks up what became of the first and is retried within the budget. While our
 * credentials are refused, or our own parts fail, the call is retried for as long as that lasts, and the budget stands still.
 */
export async function callProvider<Name extends keyof ProviderActivities>(
  name: Name,
  summary: string,
  call: Parameters<ProviderActivities[Name]>[0],
  budget: CallBudget,
): Promise<void> {
  const { policy } = budget;
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
    retry: {
      ...RETRY,
      ...(budget.waitsFor.includes('CREDENTIALS') && { nonRetryableErrorTypes: ['CREDENTIALS_REFUSED'] }),
    },
  });
  const waiting: ActivityOptions = {
    summary,
    startToCloseTimeout,
    retry: { ...RETRY, nonRetryableErrorTypes: ['PROVIDER_UNAVAILABLE', 'OUTCOME_UNKNOWN'] },
  };

  budget.go();
  try {
    let failed = await failureOf(proxyLocalActivities<ProviderActivities>(quick)[name], call);
    while (failed) {
      const startedAt = Date.now();
      const isWaiting = budget.isWaitedFor(failed.failure);
      if (isWaiting) budget.stop();
      const options = isWaiting ? waiting : within(budget.leftMs);
      failed = await failureOf(proxyActivities<ProviderActivities>(options)[name], call);
      budget.go();
      if (!failed) return;
      if (isWaiting) continue;
      if (!budget.isWaitedFor(failed.failure)) throw failed.error;
      budget.stop(startedAt);
    }
  } catch (error) {
    // A person mends what is at fault, which takes as long as it takes.
    if (describeFailure(error).kind === 'PERMANENT') budget.stop();
    throw error;
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
