import { DefaultLogger, Runtime } from '@temporalio/worker';

/** Temporal's runtime for a process of tests, where failing tasks are what is tested: only errors are logged. */
export function installQuietTemporal(): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  });
}
