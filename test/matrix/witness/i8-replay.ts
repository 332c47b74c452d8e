import { Worker } from '@temporalio/worker';
import { cacheFolder } from '../../../config/load';
import { workflowBundle } from '../../../processes/worker/bundle';
import { installQuietTemporal } from '../../support/quiet-temporal';
import type { Check } from './invariant';

/** Replays take a second each where the machine is busy; what is wrong with one kind of history is wrong with many. */
const AT_MOST = 40;

/** I8: the histories that this row has made replay on today's code, which is the code under test here. */
export const historiesReplay: Check = async ({ outside, orders }) => {
  const { workflow } = await outside.temporal();
  const step = Math.max(1, Math.floor(orders.length / AT_MOST));
  const sample = orders.filter((_, index) => index % step === 0).slice(0, AT_MOST);
  const histories = await Promise.all(
    sample.map(async ({ id }) => {
      const workflowId = `order-${id}`;
      return { workflowId, history: await workflow.getHandle(workflowId).fetchHistory() };
    }),
  );
  installQuietTemporalOnce();
  const found: string[] = [];
  const bundle = await workflowBundle(cacheFolder('bundles'));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, histories))
    if (error) found.push(`${workflowId} does not replay: ${error.message}`);
  return found;
};

let isQuiet = false;
function installQuietTemporalOnce(): void {
  if (!isQuiet) installQuietTemporal();
  isQuiet = true;
}
