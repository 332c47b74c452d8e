import { MockActivityEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities';
import { loadSettings } from '../../config/load';
import { composeActivities } from '../../processes/worker/compose-activities';
import { sandboxProviders } from '../../providers/sandbox-http';
import { lazyClient } from '../../temporal/connection';
import { Workflows } from '../../temporal/workflows';
import { roleEnvironment } from './environment';
import type { Shop } from './shop';

type Input<Name extends keyof Activities> = Parameters<Activities[Name]>[0];
type Result<Name extends keyof Activities> = Awaited<ReturnType<Activities[Name]>>;

/** The activities of a worker, which a test runs long after the workflow task that called them is over. */
export function lateWorker(shop: Shop) {
  const { system, db } = shop;
  const settings = loadSettings(roleEnvironment(system));
  const providers = sandboxProviders({ url: system.sandbox, timeoutMs: settings.PROVIDER_TIMEOUT_MS });
  const workflows = new Workflows(lazyClient(settings));
  const activities = composeActivities({ db, settings, providers, workflows });
  return {
    run: <Name extends keyof Activities>(name: Name, input: Input<Name>): Promise<Result<Name>> => {
      const activity = activities[name] as unknown as (call: unknown) => Promise<Result<Name>>;
      return new MockActivityEnvironment().run(activity, input);
    },
  };
}
