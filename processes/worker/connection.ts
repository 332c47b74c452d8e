import { NativeConnection } from '@temporalio/worker';
import type { Settings } from '../../config/settings';
import { temporalConnectionOptions } from '../../temporal/connection';

/** A connection that a worker and a client of the same process share, so that workflows start eagerly. */
export function connectNatively(settings: Settings): Promise<NativeConnection> {
  return NativeConnection.connect(temporalConnectionOptions(settings));
}
