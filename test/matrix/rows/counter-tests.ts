import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../support/until';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { type Breakage, editedWorkflows, noFence, replacedModule } from './breakages';

/** A row that holds as the product is, and must not hold once one rule of the saga is broken. */
function counterTest(name: string, title: string, breaks: Breakage, scene: (stage: Stage) => Promise<void>): Row {
  return {
    name: `broken-${name}`,
    title,
    times: 1,
    small: 1,
    customers: 2,
    invariants: ['I1', 'I2', 'I3', 'I5', 'I6', 'I9', 'I10'],
    breaks,
    run: scene,
  };
}

/** The carrier makes the parcel and never says so, until the attempt is given up; then it is well, and the attempt is retried. */
async function silentCarrier(stage: Stage): Promise<void> {
  const { customers, outside, shop } = stage;
  const orderId = await customers.order();
  await shop.providers.gateway('carrier', { operation: 'create', orderId, status: 503, when: 'after' });
  await shop.providers.gateway('carrier', { operation: 'lookup', orderId, status: 503 });
  stage.injected({ fault: 'the carrier makes a parcel and responds with 503', what: `order ${orderId}` });
  const paying = customers.pay(orderId).catch((error: Error) => stage.problems.push(`I1: ${error.message}`));
  const attempts = () =>
    outside.rows<{ attempt: number }>(
      `select attempt from processing_requests where order_id = $1 and (failure is not null or state = 'FAILED')`,
      [orderId],
    );
  await until('the attempt to fail', attempts, (failed) => failed.length > 0, stage.patienceMs);
  await shop.providers.endFaults('carrier', orderId);
  await paying;
}

/** A worker freezes right before it settles; another cancels the order meanwhile; the first one resumes. */
async function overtakenWorker(stage: Stage): Promise<void> {
  const { customers, system } = stage;
  const frozen = system.role('worker');
  const orderId = await customers.order();
  const meeting = stage.meets(frozen, {
    point: 'attempt settle before',
    about: `"orderId":${orderId}\\b`,
    signal: 'SIGSTOP',
  });
  const paying = customers.pay(orderId);
  if (!(await meeting)) stage.problems.push('the worker did not settle');
  const other = await stage.another('worker');
  try {
    await Promise.all([customers.cancel(orderId), paying]);
  } finally {
    frozen.freeze(false);
    // What the first one still writes is written by then, or refused.
    await pause(3_000);
    await other.close();
  }
}

/** A bridge dies with a record in hand that would start a workflow. */
async function bridgeLostWithRecord(stage: Stage): Promise<void> {
  const point = 'temporal StartWorkflowExecution before';
  if (!(await stage.meets(stage.system.role('bridge'), { point, signal: 'SIGKILL' })))
    stage.problems.push('no workflow was to be started');
  await stage.system.startRole('bridge');
}

const SAGA = 'workflows/saga/saga.ts';

/** The saga broken deliberately, one way at a time. */
export const COUNTER_TESTS: readonly Row[] = [
  counterTest(
    'undo-after-do',
    'an undo is registered only once its do has succeeded',
    editedWorkflows(
      { file: SAGA, from: 'for (const step of steps) this.entryOf(step);', to: 'void steps;' },
      {
        file: SAGA,
        from: 'const entry = this.entryOf(step);\n    for',
        to: `const entry = { step, state: 'PENDING' } as StepProgress;\n    for`,
      },
      {
        file: SAGA,
        from: `setState(entry, 'DONE');\n        return result;`,
        to: `setState(entry, 'DONE');\n        this.progress.push(entry);\n        return result;`,
      },
    ),
    silentCarrier,
  ),
  counterTest(
    'undo-skipped',
    'a step that failed is taken not to have happened, and is not undone',
    editedWorkflows({
      file: 'workflows/saga/compensation.ts',
      from: `state !== 'UNDONE' && state !== 'SKIPPED')) {`,
      to: `state === 'DONE' || state === 'PENDING')) {`,
    }),
    silentCarrier,
  ),
  counterTest(
    'no-look-up',
    'an undo takes a call without a response as one without an effect',
    replacedModule('worker', 'no-look-up'),
    silentCarrier,
  ),
  counterTest('no-fence', 'nothing checks whether an attempt is still running', noFence, overtakenWorker),
  counterTest(
    'offsets-first',
    'the bridge commits offsets before it handles the records',
    replacedModule('bridge', 'offsets-first'),
    bridgeLostWithRecord,
  ),
];
