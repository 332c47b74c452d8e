import type { Context } from '@temporalio/activity';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Redis } from 'ioredis';
import type { Activities } from '../../activities';
import { TASK_QUEUES, type TaskQueue } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import type { Metrics } from '../../observability/metrics';
import { TracingActivityInterceptor } from '../../observability/temporal-tracing';
import { AfterActivity } from './after-activity';
import { StacklessWorker } from './stackless-worker';

/** How much a worker takes on at once. */
export const WORKER_CAPACITY = {
  maxCachedWorkflows: 1_000,
  maxConcurrentWorkflowTaskExecutions: 100,
  maxConcurrentActivityTaskExecutions: 100,
  maxConcurrentLocalActivityExecutions: 200,
} as const;

export interface WorkerDependencies {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly bundle: { code: string };
  readonly activities: Activities;
  readonly db: Db;
  readonly metrics: Metrics;
  readonly redis: Redis | undefined;
  readonly identity?: string;
  /** Whether `temporal workflow stack` shows where a workflow waits; costs CPU for each promise of a workflow. */
  readonly stackTraces?: boolean;
}

/** Runs workflows and activities of every task queue until stopped; `stop` lets running work finish. */
export async function startWorker(
  deps: WorkerDependencies,
): Promise<{ stop(): Promise<void>; readonly failed: Promise<never> }> {
  const workers: Worker[] = [];
  const runs: Promise<void>[] = [];
  const stop = async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled(runs);
  };
  try {
    for (const taskQueue of Object.values(TASK_QUEUES)) {
      const worker = await createWorker(taskQueue, deps);
      workers.push(worker);
      runs.push(worker.run());
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const failed = new Promise<never>((_, reject) => {
    for (const run of runs) run.catch(reject);
  });
  failed.catch(() => undefined);
  return { failed, stop };
}

function createWorker(taskQueue: TaskQueue, deps: WorkerDependencies): Promise<Worker> {
  const Kind = deps.stackTraces ? Worker : StacklessWorker;
  return Kind.create({
    connection: deps.connection,
    namespace: deps.namespace,
    taskQueue,
    workflowBundle: deps.bundle,
    activities: deps.activities,
    ...(deps.identity ? { identity: deps.identity } : {}),
    ...WORKER_CAPACITY,
    shutdownGraceTime: '10 seconds',
    // An activity that heeds no cancellation must not keep the process: Temporal has it run again elsewhere.
    shutdownForceTime: '15 seconds',
    interceptors: {
      activity: [
        (context: Context) => ({
          inbound: new TracingActivityInterceptor(context),
        }),
        (context: Context) => ({ inbound: new AfterActivity(context, deps) }),
      ],
    },
  });
}
