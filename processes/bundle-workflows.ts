import { cacheFolder } from '../config/load';
import { runMain } from './process';
import { workflowBundle } from './worker/bundle';

/** Makes the workflows' bundle and keeps it, so that a worker of a new container starts without making it. */
runMain(async () => {
  await workflowBundle(cacheFolder('bundles'));
});
