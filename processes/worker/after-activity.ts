import { ApplicationFailure, type Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Redis } from 'ioredis';
import { asFailure, kindOf } from '../../activities/failure';
import type { Db } from '../../db/connection';
import { closeOperatorItems, openOperatorItem } from '../../db/operator-items';
import type { Metrics } from '../../observability/metrics';
import { orderWatchers } from '../../redis/order-watchers';
import { measureTry, UNACCOUNTED } from './saga-metrics';

/** An activity that has failed for so long is listed: within a minute of its first failure, however long its retries' gaps are. */
const LISTED_AFTER_MS = 20_000;

/** Measures how each try ended, lists activities that keep failing, and wakes the order's live feeds; without Redis these poll. */
export class AfterActivity implements ActivityInboundCallsInterceptor {
  private readonly announce: (orderId: number) => void;

  constructor(
    private readonly activity: Context,
    private readonly deps: { readonly db: Db; readonly metrics: Metrics; readonly redis: Redis | undefined },
  ) {
    this.announce = orderWatchers(deps.redis);
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { activityType: activity } = this.activity.info;
    const startedAt = performance.now();
    const measure = (outcome: string) =>
      measureTry(this.deps.metrics, activity, outcome, performance.now() - startedAt);
    try {
      const result = await next(input);
      measure('done');
      await this.unlist();
      return result;
    } catch (error) {
      const failed = this.failureOf(error);
      const kind = kindOf(failed);
      measure(kind?.toLowerCase() ?? UNACCOUNTED);
      if (kind === 'UNEXPECTED') await this.list(failed, input.args[0]);
      // A permanent failure is listed by the workflow.
      else if (kind !== 'PERMANENT') await this.unlist();
      throw failed;
    } finally {
      const orderId = orderIdOf(input.args[0]);
      if (orderId !== undefined) this.announce(orderId);
    }
  }

  /** A failure holds no customer's data; its cause is logged in this process only. */
  private failureOf(error: unknown): TemporalFailure {
    if (error instanceof TemporalFailure) return error;
    const failed = asFailure(error);
    if (kindOf(failed) === 'UNEXPECTED') this.activity.log.error('an activity failed unexpectedly', { error });
    return failed;
  }

  /** A failure that only time or a new version cures is listed for operators; an unavailable provider is handled elsewhere. */
  private async list(failed: TemporalFailure, call: unknown): Promise<void> {
    const { info } = this.activity;
    if (info.isLocal) return;
    if (Date.now() - info.scheduledTimestampMs < LISTED_AFTER_MS) return;
    const cause = failed instanceof ApplicationFailure ? (failed.type ?? 'UNEXPECTED') : 'UNEXPECTED';
    try {
      await openOperatorItem(this.deps.db, {
        ...this.item(),
        cause,
        workflowId: this.workflowId,
        orderId: orderIdOf(call),
      });
    } catch (error) {
      // Most likely the database is unavailable, which the probes report.
      this.activity.log.error('an activity that keeps failing could not be listed', { error });
    }
  }

  /** It may have been listed by another process, or for an earlier activity of the same name. */
  private async unlist(): Promise<void> {
    if (this.activity.info.isLocal) return;
    await closeOperatorItems(this.deps.db, this.item(), { state: 'HEALED' }).catch((error: unknown) =>
      this.activity.log.warn('an activity that fails no longer could not be unlisted', { error }),
    );
  }

  private item() {
    return { kind: 'PERMANENT_ERROR', subject: `${this.workflowId}/${this.activity.info.activityType}` } as const;
  }

  private get workflowId(): string {
    return this.activity.info.workflowExecution?.workflowId ?? 'no workflow';
  }
}

function orderIdOf(call: unknown): number | undefined {
  const orderId = (call as { orderId?: unknown } | undefined)?.orderId;
  return typeof orderId === 'number' ? orderId : undefined;
}
