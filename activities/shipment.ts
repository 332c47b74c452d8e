import type { Db } from '../db/connection';
import { advanceStep } from '../db/saga-steps';
import type { CarrierProvider } from '../providers/carrier';
import { keyedStep } from './keyed-step';
import { doProviderStep } from './provider-step';
import type { ProviderTimeouts, RequestStepCall, StepCall } from './step-call';

/** The carrier's code for a parcel that it has picked up; kept with the step. */
const PICKED_UP = 'ALREADY_PICKED_UP';

export function createShipmentStep(deps: {
  readonly db: Db;
  readonly carrier: CarrierProvider;
  readonly timeouts: ProviderTimeouts;
}) {
  const { db, carrier } = deps;
  const shipment = keyedStep<{ trackingNumber: string }>(deps, 'shipment', {
    make: (id, { shipment: recipient }, signal) => carrier.create({ ...id, recipient }, signal),
    async lookUp(key, signal) {
      const found = await carrier.lookup(key, signal);
      return 'trackingNumber' in found ? found : undefined;
    },
    cancel: (key, signal) => carrier.cancel(key, signal),
    refOf: (parcel) => parcel.trackingNumber,
    refusedBefore: ({ state, code }) => (state === 'DONE' && code === PICKED_UP ? PICKED_UP : undefined),
  });
  const activities = {
    /** Orders a parcel once under the attempt's key. Final: SHIPMENT_REFUSED. */
    createShipment: (request: RequestStepCall) => doProviderStep(db, request, 'shipment', shipment.work),

    /** Cancels the parcel. Final: ALREADY_PICKED_UP, UNDO_REFUSED. */
    cancelShipment: shipment.undo,

    /** The carrier has the parcel and keeps it: the shipment is there to stay, whatever a late undo does. */
    async keepShipment({ orderId, attempt }: StepCall): Promise<void> {
      const id = { orderId, step: 'shipment', attempt } as const;
      await advanceStep(db, id, ['UNDOING', 'UNDO_FAILED'], { state: 'DONE', code: PICKED_UP });
    },
  };
  return { work: shipment.work, activities };
}
