import type { Db } from '../db/connection';
import type { WarehouseProvider } from '../providers/warehouse';
import { keyedStep } from './keyed-step';
import { doProviderStep } from './provider-step';
import type { ProviderTimeouts, RequestStepCall } from './step-call';

export function createWarehouseStep(deps: {
  readonly db: Db;
  readonly warehouse: WarehouseProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { db, warehouse } = deps;
  const storage = keyedStep<{ ref: string }>(deps, 'warehouse', {
    make: (id, { shipment: { recipientName } }, signal) => warehouse.store({ ...id, recipientName }, signal),
    async lookUp(key, signal) {
      const found = await warehouse.lookup(key, signal);
      return found.status === 'stored' ? found : undefined;
    },
    cancel: (key, signal) => warehouse.cancel(key, signal),
    refOf: ({ ref }) => ref,
  });
  const activities = {
    /** Puts the goods into storage once under the attempt's key. Final: STORE_REFUSED. */
    store: (request: RequestStepCall) => doProviderStep(db, request, 'warehouse', storage.work),

    /** Takes the goods out of storage. Final: UNDO_REFUSED. */
    takeOutOfStorage: storage.undo,
  };
  return { work: storage.work, activities };
}
