import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { Beginning } from '../activities/attempt';
import type { OrderPolicy } from '../activities/stock';
import type { WholeAttempt } from '../activities/whole-attempt';
import type { ProviderActivity } from '../contracts/workflow/attempt-steps';
import { isFinal } from '../domain/failure';
import { describeFailure, type Failure } from './saga/failure';
import type { Saga } from './saga/saga';

/** Those in our own database. */
export type LocalActivities = Omit<Activities, ProviderActivity>;

/** What a call may take beyond the time its provider is given. */
export const MARGIN_MS = 1_000;
/** Before the order's policy is known. */
const UNDO_TIMEOUT_MS = 40_000;
export const UNDO_RETRY_MS = 600_000;

/**
 * About 5 s in all: alone, shorter than what makes Temporal write into the history while a workflow task lasts. By attempts, as
 * the SDK measures a local activity's schedule-to-close anew for each of them.
 */
const local = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '2400 milliseconds',
  retry: { initialInterval: '100 milliseconds', maximumAttempts: 2 },
});

/** Retried until the database responds: its retries add nothing to the history, and the Web UI shows it as pending. */
const UNTIL_DONE = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const satisfies ActivityOptions;

/** Also in our own database, but each in the history by itself, before anything follows. */
export const activities = proxyActivities<LocalActivities>(UNTIL_DONE);

/**
 * Activities in our own database, one transaction each: first within the workflow task, which is cheap and mostly enough,
 * then as a regular activity. Throws only what no retry cures.
 */
export const localActivities: LocalActivities = localThen(activities);

/**
 * The whole attempt as one activity within the workflow task; undefined: that failed, and its steps are to be taken one by
 * one. A cancel that comes meanwhile is carried out right after it.
 */
export async function tryAttempt(call: WholeAttempt, policy: OrderPolicy): Promise<Beginning | undefined> {
  const quick = proxyLocalActivities<LocalActivities>({
    summary: `Attempt ${call.attempt} at once`,
    // The last step may begin when the time of the others is over.
    startToCloseTimeout: 2 * policy.fastCallMs + MARGIN_MS,
    retry: { maximumAttempts: 1 },
  });
  try {
    return await quick.tryAttempt(call);
  } catch {
    return undefined;
  }
}

/** The same for an undo: one that keeps failing throws, so that it parks and the others are done. */
export function undoActivities(policy: OrderPolicy | undefined): LocalActivities {
  const scheduleToCloseTimeout = policy?.undoPatienceMs ?? UNDO_TIMEOUT_MS;
  return localThen(proxyActivities<LocalActivities>({ ...UNTIL_DONE, scheduleToCloseTimeout }));
}

/** The same for what must succeed: a fault of ours waits for a person's RETRY. */
export function ensuredBy(saga: Saga): LocalActivities {
  return eachOf((name, input) => saga.ensure(name, () => invoke(localActivities[name], input)));
}

/** A parked undo, retried until it ends. A person may interrupt it: a try under way is then waited for. */
export function retryUndo<Name extends keyof Activities>(
  name: Name,
  summary: string,
  call: Parameters<Activities[Name]>[0],
  policy: OrderPolicy | undefined,
): Promise<void> {
  const retried = proxyActivities<Activities>({
    summary,
    startToCloseTimeout: Math.max(30_000, (policy?.patientCallMs ?? 0) + MARGIN_MS),
    retry: { initialInterval: policy?.undoRetryMs ?? UNDO_RETRY_MS, backoffCoefficient: 1 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  return invoke(retried[name], call) as Promise<void>;
}

/** No retry of this call helps. */
export function isEnd({ kind }: Failure): boolean {
  return isFinal(kind) || kind === 'INTERRUPTED';
}

export function invoke(activity: unknown, input: unknown): Promise<unknown> {
  return (activity as AnyActivity)(input);
}

type AnyActivity = (input: unknown) => Promise<unknown>;

function localThen(regular: LocalActivities): LocalActivities {
  return eachOf((name, input) =>
    invoke(local[name], input).catch((error: unknown) => {
      if (isEnd(describeFailure(error))) throw error;
      return invoke(regular[name], input);
    }),
  );
}

function eachOf(call: (name: keyof LocalActivities, input: unknown) => Promise<unknown>): LocalActivities {
  const get =
    (_target: object, name: string | symbol): AnyActivity =>
    (input) =>
      call(name as keyof LocalActivities, input);
  return new Proxy({}, { get }) as LocalActivities;
}
