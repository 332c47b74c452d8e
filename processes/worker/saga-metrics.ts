import type { SagaMeter } from '../../activities/saga-meter';
import { ATTEMPT_STEPS, isStep } from '../../contracts/workflow/attempt-steps';
import type { Metrics } from '../../observability/metrics';

/** The outcome of a failure that is none of ours, such as a cancelled activity's. */
export const UNACCOUNTED = 'interrupted';

type Direction = 'do' | 'undo';

/** The steps of an order by their activities. */
const STEPS: ReadonlyMap<string, { readonly step: string; readonly direction: Direction }> = new Map(
  [{ name: 'stock', do: 'reserveStock', undo: 'releaseStock' }, ...ATTEMPT_STEPS.filter(isStep)].flatMap((step) =>
    (['do', 'undo'] as const).map((direction) => [step[direction], { step: step.name, direction }] as const),
  ),
);

/** Measures one try of an activity. */
export function measureTry(metrics: Metrics, activity: string, outcome: string, ms: number): void {
  metrics.activityTries.inc({ activity, outcome });
  const step = STEPS.get(activity);
  if (step) metrics.stepDuration.observe({ ...step, outcome }, ms / 1000);
}

/** What the activities themselves measure, as metrics of their worker. */
export function sagaMeter(metrics: Metrics): SagaMeter {
  return {
    done: (activity, ms) => measureTry(metrics, activity, 'done', ms),
    attemptEnded: (outcome, ms) => metrics.attemptDuration.observe({ outcome }, ms / 1000),
  };
}
