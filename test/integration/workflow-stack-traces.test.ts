import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { StacklessWorker } from '../../processes/worker/stackless-worker';
import { sharedSystem } from '../support/environment';
import { installQuietTemporal } from '../support/quiet-temporal';
import type * as workflows from '../support/stack-trace-workflows';
import { Teardown } from '../support/teardown';
import { until } from '../support/until';

/** What the SDK's promise hook is for, and what must work without it. */
describe.each([
  { kind: 'StacklessWorker', Kind: StacklessWorker, takesStacks: false },
  { kind: "the SDK's Worker", Kind: Worker, takesStacks: true },
])('$kind', ({ Kind, takesStacks }) => {
  const teardown = new Teardown();
  const taskQueue = `stacks-${randomUUID()}`;
  let client: Client;

  beforeAll(async () => {
    installQuietTemporal();
    const { temporal: address } = sharedSystem();
    const connection = await Connection.connect({ address });
    teardown.defer(() => connection.close());
    client = new Client({ connection });
    const native = await NativeConnection.connect({ address });
    teardown.defer(() => native.close());
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: require.resolve('../support/stack-trace-workflows'),
      logger: new DefaultLogger('WARN'),
    });
    const worker = await Kind.create({ connection: native, taskQueue, workflowBundle });
    const run = worker.run();
    teardown.defer(async () => {
      worker.shutdown();
      await run;
    });
  });
  afterAll(() => teardown.close());

  async function start(workflow: keyof typeof workflows): Promise<WorkflowHandle> {
    const handle = await client.workflow.start(workflow, { taskQueue, workflowId: randomUUID() });
    teardown.defer(() => handle.terminate().catch(() => undefined));
    return handle;
  }

  test(`takes ${takesStacks ? 'a stack' : 'no stack'} for a promise`, async () => {
    const handle = await start('countStacks');
    const taken = (await handle.result()) as number;
    if (takesStacks) expect(taken).toBeGreaterThan(0);
    else expect(taken).toBe(0);
  });

  test(`says by __stack_trace ${takesStacks ? 'where a workflow waits' : 'how to turn the stacks on'}`, async () => {
    const handle = await start('waitForEver');
    expect(await handle.query('__stack_trace')).toContain(
      takesStacks ? 'stack-trace-workflows.ts' : 'WORKFLOW_STACK_TRACES=true',
    );
    const wanted = takesStacks ? 'waitForEver' : 'WORKFLOW_STACK_TRACES=true';
    expect(JSON.stringify(await handle.query('__enhanced_stack_trace'))).toContain(wanted);
  });

  test('fails the workflow task at an unhandled rejection', async () => {
    const handle = await start('rejectUnhandled');
    const failedTasks = async () => {
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        namespace: 'default',
        execution: { workflowId: handle.workflowId },
      });
      return (history?.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure ?? []);
    };
    const [failure] = await until('a failed task', failedTasks, (failures) => failures.length > 0);
    expect(failure?.message).toContain('nobody handles this');
  });
});
