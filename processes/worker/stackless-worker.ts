import { join } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { Worker } from '@temporalio/worker';
import { ThreadedVMWorkflowCreator, WorkerThreadClient } from '@temporalio/worker/lib/workflow/threaded-vm';

type CreatorArguments = Parameters<(typeof Worker)['createWorkflowCreator']>;

/**
 * A worker whose workflow threads take no stack for each promise, which the SDK does only for the query `__stack_trace`
 * and which is more than half of such a thread's CPU. The rest is the SDK's, unhandled rejections included.
 */
export class StacklessWorker extends Worker {
  protected static override async createWorkflowCreator(
    ...[workflowBundle, options, logger]: CreatorArguments
  ): ReturnType<(typeof Worker)['createWorkflowCreator']> {
    // In debug mode there is no thread, and one who debugs wants the stacks.
    if (options.debugMode) return Worker.createWorkflowCreator(workflowBundle, options, logger);
    const threads = Array.from({ length: options.workflowThreadPoolSize }, () => {
      const thread = new Thread(join(__dirname, 'workflow-thread.cjs'));
      return new WorkerThreadClient(thread, logger, options.patchActivationCallback);
    });
    const init = {
      type: 'init',
      workflowBundle,
      isolateExecutionTimeoutMs: options.isolateExecutionTimeoutMs,
      reuseV8Context: options.reuseV8Context ?? true,
      registeredActivityNames: new Set(options.activities.keys()),
      hasPatchActivationCallback: options.patchActivationCallback !== undefined,
    } as const;
    await Promise.all(threads.map((thread) => thread.send(init)));
    return new ThreadedVMWorkflowCreator(threads);
  }
}
