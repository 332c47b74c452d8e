import type { Db } from '../db/connection';
import { findRequest } from '../db/requests';
import type { StepId } from '../db/saga-steps';
import { ProviderRefused } from '../providers/errors';
import type { WarehouseProvider } from '../providers/warehouse';
import { doOutside, undoOutside } from './outside-step';
import { callSignal, type ProviderPatience, type RequestStepCall, type StepCall, type WriteOffCall } from './step-call';
import { recordResolution } from './write-off';

const idOf = (call: StepCall): StepId => ({ orderId: call.orderId, step: 'warehouse', attempt: call.attempt });

export function createWarehouseActivities(deps: {
  readonly db: Db;
  readonly warehouse: WarehouseProvider;
  readonly patience: ProviderPatience;
}) {
  const { db, warehouse } = deps;
  return {
    /** Puts the goods into storage once under the attempt's key. Final: STORE_REFUSED. */
    async store(call: RequestStepCall): Promise<void> {
      const signal = callSignal(deps.patience);
      await doOutside<{ ref: string }>(db, idOf(call), {
        async make({ key }) {
          const request = await findRequest(db, call);
          if (!request) throw new ProviderRefused('REQUEST_NOT_FOUND', 'the request is not in the database');
          const { recipientName } = request.event.requestDto.shipment;
          return warehouse.store({ key, orderId: call.orderId, recipientName }, signal);
        },
        async lookUp({ key }) {
          const found = await warehouse.lookup(key, signal);
          return found.status === 'stored' ? found : undefined;
        },
        refOf: (storage) => storage.ref,
      });
    },

    /** Takes the goods out of storage. Final: UNDO_REFUSED. */
    async takeOutOfStorage(call: StepCall): Promise<void> {
      await undoOutside(db, idOf(call), {
        mayHaveHappened: (record) => record.state !== 'FAILED',
        takeBack: ({ key }) => warehouse.cancel(key, callSignal(deps.patience)),
      });
    },

    async writeOffStorage(call: WriteOffCall): Promise<void> {
      await recordResolution(db, idOf(call), call, async () => {});
    },
  };
}
export type WarehouseActivities = ReturnType<typeof createWarehouseActivities>;
