import { ApplicationFailure, type Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Redis } from 'ioredis';
import { asFailure, kindOf } from '../../activities/failure';
import type { Db } from '../../db/connection';
import { closeOperatorItems, openOperatorItem } from '../../db/operator-items';
import type { Metrics } from '../../observability/metrics';

/** An activity that has failed for so long is listed: within a minute of its first failure, whatever its retries' gaps. */
const LISTED_AFTER_MS = 20_000;

/** Counts how each step ended, lists what keeps failing, and wakes those who watch the order live; without Redis they find out by asking. */
export class AfterActivity implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly activity: Context,
    private readonly deps: { readonly db: Db; readonly metrics: Metrics; readonly redis: Redis | undefined },
  ) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { activityType: step } = this.activity.info;
    const { sagaOutcomes } = this.deps.metrics;
    try {
      const result = await next(input);
      sagaOutcomes.inc({ step, outcome: 'done' });
      await this.unlist();
      return result;
    } catch (error) {
      const failed = this.failureOf(error);
      sagaOutcomes.inc({ step, outcome: outcomeOf(failed) });
      const kind = kindOf(failed);
      if (kind === 'UNEXPECTED') await this.list(failed, input.args[0]);
      // What cannot succeed, the workflow lists.
      else if (kind !== 'PERMANENT') await this.unlist();
      throw failed;
    } finally {
      this.wakeWatchers(input.args[0]);
    }
  }

  /** A failure holds no data of a customer's; what it was made from stays in this process. */
  private failureOf(error: unknown): TemporalFailure {
    if (error instanceof TemporalFailure) return error;
    const failed = asFailure(error);
    if (kindOf(failed) === 'UNEXPECTED') this.activity.log.error('an activity failed unexpectedly', { error });
    return failed;
  }

  /** What only time or a new version cures is shown to people; a provider that is unavailable has its own ways. */
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
      // Most likely the same: the database is unavailable, which the probes say.
      this.activity.log.error('what keeps failing could not be listed', { error });
    }
  }

  /** It may have been listed by another process, or for an earlier activity of the same name. */
  private async unlist(): Promise<void> {
    if (this.activity.info.isLocal) return;
    await closeOperatorItems(this.deps.db, this.item(), { state: 'HEALED' }).catch((error: unknown) =>
      this.activity.log.warn('what fails no longer could not be taken off the list', { error }),
    );
  }

  private item() {
    return { kind: 'PERMANENT_ERROR', subject: `${this.workflowId}/${this.activity.info.activityType}` } as const;
  }

  private get workflowId(): string {
    return this.activity.info.workflowExecution?.workflowId ?? 'no workflow';
  }

  private wakeWatchers(call: unknown): void {
    const { redis } = this.deps;
    const orderId = orderIdOf(call);
    if (redis?.status !== 'ready' || orderId === undefined) return;
    redis.publish(`timeline:${orderId}`, '').catch(() => undefined);
  }
}

function orderIdOf(call: unknown): number | undefined {
  const orderId = (call as { orderId?: unknown } | undefined)?.orderId;
  return typeof orderId === 'number' ? orderId : undefined;
}

function outcomeOf(failed: TemporalFailure): string {
  return failed instanceof ApplicationFailure && failed.nonRetryable ? (failed.type ?? 'failed') : 'unsettled';
}
