import type { Db } from '../db/connection';
import { findRequest } from '../db/requests';
import type { StepId } from '../db/saga-steps';
import type { WarehouseProvider } from '../providers/warehouse';
import type { UndoCall } from './attempt-fence';
import { failure } from './failure';
import { doProviderStep, undoProviderStep } from './provider-step';
import { callSignal, type ProviderTimeouts, type RequestStepCall, type StepCall, type WriteOffCall } from './step-call';
import { recordResolution } from './write-off';

const idOf = (call: StepCall): StepId => ({ orderId: call.orderId, step: 'warehouse', attempt: call.attempt });

export function createWarehouseActivities(deps: {
  readonly db: Db;
  readonly warehouse: WarehouseProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { db, warehouse } = deps;
  return {
    /** Puts the goods into storage once under the attempt's key. Final: STORE_REFUSED. */
    async store(call: RequestStepCall): Promise<void> {
      const signal = callSignal(deps.timeouts);
      await doProviderStep<{ ref: string }>(db, idOf(call), {
        async make({ key }) {
          const request = await findRequest(db, call);
          if (!request) throw failure('PERMANENT', 'REQUEST_NOT_FOUND', 'the request is not in the database');
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
    async takeOutOfStorage(call: UndoCall): Promise<void> {
      await undoProviderStep(db, idOf(call), call, {
        // Also one that was refused: another run of the same do may have been accepted.
        mayHaveHappened: () => true,
        takeBack: ({ key }) => warehouse.cancel(key, callSignal(deps.timeouts)),
      });
    },

    async writeOffStorage(call: WriteOffCall): Promise<void> {
      await recordResolution(db, idOf(call), call, async () => {});
    },
  };
}
