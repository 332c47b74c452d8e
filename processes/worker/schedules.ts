import type { Logger } from '../../observability/logger';
import type { Workflows } from '../../temporal/workflows';

const TRY_AGAIN_MS = 30_000;

/** Sees to it that Temporal has the schedules of the reconciliation; a worker works without them, too. */
export function keepSchedules(
  workflows: Workflows,
  { everyMs, logger }: { readonly everyMs: number; readonly logger: Logger },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const ensure = async (): Promise<void> => {
    try {
      await workflows.withAbortSignal(stopping.signal, () => workflows.reconciliation.ensureSchedules(everyMs));
    } catch (error) {
      if (stopping.signal.aborted) return;
      logger.warn({ err: error }, 'the schedules of the reconciliation could not be made: trying again');
      timer = setTimeout(() => {
        running = ensure();
      }, TRY_AGAIN_MS);
    }
  };
  let running = ensure();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
