import type { Db } from '../db/connection';
import { findRequest } from '../db/requests';
import { advanceStep, type StepId } from '../db/saga-steps';
import type { CarrierProvider } from '../providers/carrier';
import type { UndoCall } from './attempt-fence';
import { failure } from './failure';
import { doProviderStep, undoProviderStep } from './provider-step';
import { callSignal, type ProviderTimeouts, type RequestStepCall, type StepCall, type WriteOffCall } from './step-call';
import { recordResolution } from './write-off';

/** The carrier's word that it has the parcel; kept with the step. */
const PICKED_UP = 'ALREADY_PICKED_UP';

const idOf = (call: StepCall): StepId => ({ orderId: call.orderId, step: 'shipment', attempt: call.attempt });

export function createShipmentActivities(deps: {
  readonly db: Db;
  readonly carrier: CarrierProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { db, carrier } = deps;
  return {
    /** Orders a parcel once under the attempt's key. Final: SHIPMENT_REFUSED. */
    async createShipment(call: RequestStepCall): Promise<void> {
      const signal = callSignal(deps.timeouts);
      await doProviderStep<{ trackingNumber: string }>(db, idOf(call), {
        async make({ key }) {
          const request = await findRequest(db, call);
          if (!request) throw failure('PERMANENT', 'REQUEST_NOT_FOUND', 'the request is not in the database');
          return carrier.create({ key, orderId: call.orderId, recipient: request.event.requestDto.shipment }, signal);
        },
        async lookUp({ key }) {
          const found = await carrier.lookup(key, signal);
          return 'trackingNumber' in found ? found : undefined;
        },
        refOf: (parcel) => parcel.trackingNumber,
      });
    },

    /** Cancels the parcel. Final: ALREADY_PICKED_UP, UNDO_REFUSED. */
    async cancelShipment(call: UndoCall): Promise<void> {
      await undoProviderStep(db, idOf(call), call, {
        // Also one that was refused: another run of the same do may have been accepted.
        mayHaveHappened: () => true,
        refusedBefore: ({ state, code }) => (state === 'DONE' && code === PICKED_UP ? PICKED_UP : undefined),
        takeBack: ({ key }) => carrier.cancel(key, callSignal(deps.timeouts)),
      });
    },

    /** The carrier has the parcel and keeps it: the shipment is there to stay, whatever a late undo wants. */
    async keepShipment(call: StepCall): Promise<void> {
      await advanceStep(db, idOf(call), ['UNDOING', 'UNDO_FAILED'], { state: 'DONE', code: PICKED_UP });
    },

    async writeOffShipment(call: WriteOffCall): Promise<void> {
      await recordResolution(db, idOf(call), call, async () => {});
    },
  };
}
