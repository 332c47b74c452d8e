import {
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { OrderPolicy } from '../activities/stock';
import type { ProviderActivity } from '../contracts/workflow/attempt-steps';
import type { FailureKind } from '../domain/failure';
import { invoke, isEnd, MARGIN_MS } from './activity-calls';
import { describeFailure, type Failure } from './saga/failure';

type ProviderActivities = Pick<Activities, ProviderActivity>;

/** The time that provider calls may take together; its clock stops while the delay is not the provider's. */
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

  /** Stops the clock, as of `at`. */
  stop(at = Date.now()): void {
    this.stoppedAt ??= at;
  }

  resume(): void {
    if (this.stoppedAt !== undefined) this.deadline += Date.now() - this.stoppedAt;
    this.stoppedAt = undefined;
  }

  isWaitedFor({ kind }: Failure): boolean {
    return this.waitsFor.includes(kind);
  }
}

const RETRY = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/**
 * Calls a provider: first within the workflow task, which is cheap and mostly enough, unless the step was tried with its whole
 * attempt; when that ends without an outcome,
 * as a regular activity, which looks up what became of the first and is retried within the budget. While our
 * credentials are refused, or our own parts fail, the call is retried for as long as that lasts, and the budget's clock stops.
 */
export async function callProvider<Name extends ProviderActivity>(
  name: Name,
  summary: string,
  call: Parameters<ProviderActivities[Name]>[0],
  budget: CallBudget,
  { isTried = false } = {},
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

  budget.resume();
  try {
    let failed: Failed | undefined = isTried
      ? TRIED
      : await failureOf(proxyLocalActivities<ProviderActivities>(quick)[name], call);
    while (failed) {
      const startedAt = Date.now();
      const isWaiting = budget.isWaitedFor(failed.failure);
      if (isWaiting) budget.stop();
      const options = isWaiting ? waiting : within(budget.leftMs);
      failed = await failureOf(proxyActivities<ProviderActivities>(options)[name], call);
      budget.resume();
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

interface Failed {
  readonly failure: Failure;
  readonly error: unknown;
}

/** Without an outcome, as one of the whole attempt. */
const TRIED: Failed = {
  failure: { code: 'OUTCOME_UNKNOWN', kind: 'UNAVAILABLE', message: 'tried' },
  error: undefined,
};

/** How a call failed that may be retried; undefined: it succeeded. Throws what ends the call. */
async function failureOf(activity: unknown, call: unknown): Promise<Failed | undefined> {
  try {
    await invoke(activity, call);
    return undefined;
  } catch (error) {
    const failure = describeFailure(error);
    if (isEnd(failure)) throw error;
    return { failure, error };
  }
}
