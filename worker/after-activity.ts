import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Redis } from 'ioredis';
import type { Metrics } from '../observability/metrics';

/** Counts how each step ended, and wakes whoever watches the order live; without Redis they find out by asking. */
export class AfterActivity implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly activity: Context,
    private readonly metrics: Metrics,
    private readonly redis: Redis | undefined,
  ) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const step = this.activity.info.activityType;
    try {
      const result = await next(input);
      this.metrics.sagaOutcomes.inc({ step, outcome: 'done' });
      return result;
    } catch (error) {
      this.metrics.sagaOutcomes.inc({ step, outcome: outcomeOf(error) });
      throw error;
    } finally {
      this.wakeWatchers(input.args[0]);
    }
  }

  private wakeWatchers(call: unknown): void {
    const orderId = (call as { orderId?: unknown } | undefined)?.orderId;
    if (this.redis?.status !== 'ready' || typeof orderId !== 'number') return;
    this.redis.publish(`timeline:${orderId}`, '').catch(() => undefined);
  }
}

function outcomeOf(error: unknown): string {
  return error instanceof ApplicationFailure && error.nonRetryable ? (error.type ?? 'failed') : 'unsettled';
}
