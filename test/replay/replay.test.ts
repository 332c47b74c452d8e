import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { cacheFolder } from '../../config/load';
import { bundleOf, workflowBundle } from '../../processes/worker/bundle';
import { StacklessWorker } from '../../processes/worker/stackless-worker';
import { installQuietTemporal } from '../support/quiet-temporal';
import { privateDataIn, type RecordedHistory, recordedHistories } from './histories';
import { OUTCOMES } from './outcomes';

const ROOT = join(__dirname, '..', '..');

describe('recorded histories', () => {
  const recorded = recordedHistories();
  beforeAll(() => installQuietTemporal());

  test('exist for every outcome, and carry nothing private', () => {
    const names = new Set(recorded.map(({ name }) => name.replace(/\.\w+$/, '')));
    expect([...names].sort()).toEqual(Object.keys(OUTCOMES).sort());
    for (const { name, text } of recorded) expect({ name, found: privateDataIn(text) }).toEqual({ name, found: [] });
  });

  test("replay on today's code, every one", async () => {
    const failures = await failuresOf(recorded, await workflowBundle(cacheFolder('bundles')));
    expect(failures).toEqual(new Map());
  });

  test('replay, every one, in the threads in which workflows run', async () => {
    const bundle = await workflowBundle(cacheFolder('bundles'));
    const replayed: string[] = [];
    const inThreads = { workflowBundle: bundle, debugMode: false };
    for await (const { workflowId, error } of StacklessWorker.runReplayHistories(inThreads, named(recorded)))
      replayed.push(error ? `${workflowId}: ${error}` : workflowId);
    expect(replayed.sort()).toEqual(recorded.map(({ name }) => name).sort());
  });

  test('do not replay on a workflow whose steps have changed places', async () => {
    const failures = await failuresOf(recorded, await bundleWithSwapped('payment', 'shipment'));
    for (const name of ['declined-then-paid', 'retries-exhausted', 'storage-refused-then-compensated'])
      expect(failures.get(`${name}.order`)).toBeInstanceOf(DeterminismViolationError);
    // An attempt that goes well is one activity, whatever its steps.
    for (const name of ['paid-and-delivered.order', 'stored.order', 'shortage.order', 'refund-done.refund'])
      expect(failures.has(name)).toBe(false);
  });

  test('only where the order has a coupon does it matter when that is redeemed', async () => {
    const failures = await failuresOf(recorded, await bundleWithSwapped('coupon', 'payment'));
    expect([...failures.keys()].sort()).toEqual(['coupon-declined-then-hold-expired.order']);
  });
});

async function failuresOf(histories: readonly RecordedHistory[], workflowBundle: { code: string }) {
  const failures = new Map<string, Error>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, named(histories)))
    if (error) failures.set(workflowId, error);
  return failures;
}

/** Recorded at different times they can have the same workflow id; the name is shown instead. */
function named(histories: readonly RecordedHistory[]) {
  return histories.map(({ name, history }) => ({ workflowId: name, history }));
}

/** The workflows, with two steps of an attempt in each other's place. */
function bundleWithSwapped(one: string, other: string): Promise<{ code: string }> {
  const entryOf = (step: string) => new RegExp(`^ {2}\\{\\n {4}name: '${step}',[^]*?^ {2}\\},\\n`, 'm');
  return withBrokenWorkflows((steps) => swap(steps, entryOf(one), entryOf(other)), bundleOf);
}

/** Hands a copy of the package to `use` in which the steps of an attempt are others. */
async function withBrokenWorkflows<Result>(
  breakSteps: (source: string) => string,
  use: (root: string) => Promise<Result>,
): Promise<Result> {
  const root = mkdtempSync(join(tmpdir(), 'ordersaga-broken-'));
  try {
    for (const folder of ['workflows', 'domain', 'contracts'])
      cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const file = join(root, 'contracts', 'workflow', 'attempt-steps.ts');
    writeFileSync(file, breakSteps(readFileSync(file, 'utf8')));
    return await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function swap(text: string, first: RegExp, second: RegExp): string {
  const [one, other] = [first.exec(text)?.[0], second.exec(text)?.[0]];
  if (one === undefined || other === undefined) throw new Error('the entries to swap are not there any more');
  return text.replace(one, '\0').replace(other, one).replace('\0', other);
}
