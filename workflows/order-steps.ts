import { CancellationScope } from '@temporalio/workflow';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import { callOutside, own } from './calls';
import type { Resolution, Step } from './saga';

/** The order's steps: each do with its undo. */
export interface AttemptSteps {
  readonly charge: Step;
  readonly ship: Step;
  readonly store: Step;
}

/** Stock belongs to the order; its policy is known only after it has run. */
export function stockStep(orderId: number, runId: string): Step<Reservation> {
  return {
    name: 'stock',
    attempt: 0,
    // Never interrupted: it tells whether the order is this run's at all, and only then may anything be undone.
    do: () => CancellationScope.nonCancellable(() => own.reserveStock({ orderId, runId, atMs: Date.now() })),
    undo: () => own.releaseStock({ orderId }),
    writeOff: (resolution) => own.writeOffStock({ ...resolution, orderId, attempt: 0 }),
  };
}

/** Payment, shipment and storage of one attempt; all their calls share the attempt's budget, which ends at `deadline`. */
export function attemptSteps(call: RequestStepCall, policy: OrderPolicy, deadline: number): AttemptSteps {
  const { orderId, attempt } = call;
  const budget = () => ({ policy, budgetMs: deadline - Date.now() });
  return {
    charge: {
      ...paymentUndo(orderId, attempt, policy),
      do: () => callOutside('charge', `Charge the card · attempt ${attempt}`, call, budget()),
    },
    ship: {
      name: 'shipment',
      attempt,
      do: () => callOutside('createShipment', `Order the parcel · attempt ${attempt}`, call, budget()),
      undo: () => callOutside('cancelShipment', 'Cancel the parcel', { orderId, attempt }, undoBudget(policy)),
      writeOff: (resolution) => writeOff('writeOffShipment', { orderId, attempt }, resolution, policy),
    },
    store: {
      name: 'warehouse',
      attempt,
      do: () => callOutside('store', `Store in the warehouse · attempt ${attempt}`, call, budget()),
      undo: () =>
        callOutside('takeOutOfStorage', 'Take out of the warehouse', { orderId, attempt }, undoBudget(policy)),
      writeOff: (resolution) => writeOff('writeOffStorage', { orderId, attempt }, resolution, policy),
    },
  };
}

/** Giving the money of an attempt back. */
export function paymentUndo(orderId: number, attempt: number, policy: OrderPolicy): Step {
  return {
    name: 'payment',
    attempt,
    do: () => Promise.resolve(),
    undo: () => callOutside('refund', 'Give the money back', { orderId, attempt }, undoBudget(policy)),
    writeOff: (resolution) => writeOff('writeOffPayment', { orderId, attempt }, resolution, policy),
  };
}

function writeOff(
  name: 'writeOffPayment' | 'writeOffShipment' | 'writeOffStorage',
  step: { orderId: number; attempt: number },
  resolution: Resolution,
  policy: OrderPolicy,
): Promise<void> {
  const { step: _name, ...decision } = resolution;
  return callOutside(
    name,
    `${resolution.decision} by ${resolution.actor}`,
    { ...decision, ...step },
    undoBudget(policy),
  );
}

const undoBudget = (policy: OrderPolicy) => ({ policy, budgetMs: policy.undoPatienceMs });
