import type { Db } from '../db/connection';
import type { WarehouseProvider } from '../providers/warehouse';
import { keyedStep } from './keyed-step';
import type { ProviderTimeouts } from './step-call';

export function createWarehouseActivities(deps: {
  readonly db: Db;
  readonly warehouse: WarehouseProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { warehouse } = deps;
  const storage = keyedStep<{ ref: string }>(deps, 'warehouse', {
    make: (id, { shipment: { recipientName } }, signal) => warehouse.store({ ...id, recipientName }, signal),
    async lookUp(key, signal) {
      const found = await warehouse.lookup(key, signal);
      return found.status === 'stored' ? found : undefined;
    },
    cancel: (key, signal) => warehouse.cancel(key, signal),
    refOf: ({ ref }) => ref,
  });
  return {
    /** Puts the goods into storage once under the attempt's key. Final: STORE_REFUSED. */
    store: storage.do,

    /** Takes the goods out of storage. Final: UNDO_REFUSED. */
    takeOutOfStorage: storage.undo,
  };
}
