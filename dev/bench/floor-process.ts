import { Client } from '@temporalio/client';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { loadSettings } from '../../config/load';
import { endOnUncaught, inWords } from '../../observability/last-words';
import { createLogger } from '../../observability/logger';
import { connectNatively } from '../../processes/worker/connection';
import { installTemporalRuntime } from '../../processes/worker/temporal-runtime';
import { WORKER_CAPACITY } from '../../processes/worker/worker';
import { keepInFlight, Window } from './figures';
import type { FloorLoad, FloorQuestion } from './floor';

const TASK_QUEUE = 'bench-floor';

/** A worker like the product's, beside it the client that starts workflows eagerly; measures when asked. */
async function main(): Promise<void> {
  const settings = loadSettings();
  await installTemporalRuntime(createLogger('floor', 'warn'));
  const connection = await connectNatively(settings);
  const worker = await Worker.create({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    taskQueue: TASK_QUEUE,
    workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve('./noop-workflow') }),
    ...WORKER_CAPACITY,
  });
  const run = worker.run();
  const client = new Client({ connection, namespace: settings.TEMPORAL_NAMESPACE });
  let next = 0;

  async function noop(): Promise<void> {
    const workflowId = `floor-${process.pid}-${++next}`;
    await client.workflow.execute('noop', { taskQueue: TASK_QUEUE, workflowId, requestEagerStart: true });
  }

  async function perSecond({ inFlight, warmUpS, seconds }: FloorLoad): Promise<number> {
    const window = new Window(warmUpS, seconds);
    await keepInFlight(inFlight, window.isOver, async () => {
      await noop();
      window.count();
    });
    return window.perSecond;
  }

  async function oneMs(): Promise<number> {
    const startedAt = performance.now();
    await noop();
    return performance.now() - startedAt;
  }

  process.on('message', (question: FloorQuestion) => {
    const response = question === 'one' ? oneMs() : perSecond(question);
    response.then(
      (result) => process.send?.(result),
      (error: unknown) => {
        process.stderr.write(`${inWords(error, true)}\n`);
        process.exit(1);
      },
    );
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.send?.('started');
  await run;
  await connection.close();
}

endOnUncaught();
main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${inWords(error, true)}\n`);
    process.exit(1);
  },
);
