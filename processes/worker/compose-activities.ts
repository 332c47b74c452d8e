import { type Activities, type ActivityDependencies, createActivities } from '../../activities';
import type { Settings } from '../../config/settings';
import type { Workflows } from '../../temporal/workflows';

/** Every activity, with the delays and limits that are set. */
export function composeActivities({
  settings,
  workflows,
  ...parts
}: Pick<ActivityDependencies, 'db' | 'redis' | 'providers' | 'meter'> & {
  readonly settings: Settings;
  readonly workflows: Workflows;
}): Activities {
  return createActivities({
    ...parts,
    reconciliation: { workflows, graceMs: settings.RECONCILE_GRACE_MS },
    policy: {
      stockHoldMs: settings.STOCK_HOLD_MS,
      processingBudgetMs: settings.PROCESSING_BUDGET_MS,
      maxRetries: settings.MAX_RETRIES,
      maxDeclines: settings.MAX_DECLINES,
      maxAttempts: settings.MAX_ATTEMPTS,
      fastCallMs: settings.PROVIDER_FAST_TIMEOUT_MS,
      patientCallMs: settings.PROVIDER_TIMEOUT_MS,
      undoPatienceMs: settings.UNDO_PATIENCE_MS,
      undoRetryMs: settings.UNDO_RETRY_MS,
    },
    retry: { delayMs: settings.RETRY_DELAY_MS },
    maxReplays: settings.MAX_REPLAYS,
  });
}
