import { CancellationScope } from '@temporalio/workflow';
import type { Beginning } from '../activities/attempt';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import { CallBudget, callProvider, own } from './calls';
import type { Resolution, Step } from './saga';

/** An attempt as the database has accepted it. */
type AcceptedAttempt = Extract<Beginning, { accepted: true }>;

/** What an undo must know to be let: it is told apart from that of a worker which froze before the attempt was settled. */
export interface Settlement {
  isSettled: boolean;
}

/** The steps that an attempt needs, in their order: each do with its undo. */
export interface AttemptSteps {
  /** Where the order has a coupon. */
  readonly redeem?: Step;
  /** Where there is something to pay. */
  readonly charge?: Step;
  readonly ship: Step;
  /** Where the goods go to the warehouse. */
  readonly store?: Step;
}

/** Stock belongs to the order; its policy is known only after it has run. */
export function stockStep(orderId: number, runId: string, settlement: Settlement): Step<Reservation> {
  return {
    name: 'stock',
    attempt: 0,
    // Never interrupted: it tells whether the order is this run's at all, and only then may anything be undone.
    do: () => CancellationScope.nonCancellable(() => own.reserveStock({ orderId, runId, atMs: Date.now() })),
    undo: () => own.releaseStock({ orderId, isSettled: settlement.isSettled }),
    writeOff: (resolution) => own.writeOffStock({ ...resolution, orderId, attempt: 0 }),
  };
}

/** The steps of one attempt; all their provider calls share the attempt's budget. */
export function attemptSteps(
  call: RequestStepCall,
  { hasCoupon, totalMinor, warehouseStorage }: AcceptedAttempt,
  policy: OrderPolicy,
  settlement: Settlement,
): AttemptSteps {
  const { orderId, attempt } = call;
  const budget = CallBudget.ofAttempt(policy);
  const undo = (name: 'cancelShipment' | 'takeOutOfStorage', summary: string) =>
    callProvider(name, summary, { orderId, attempt, isSettled: settlement.isSettled }, CallBudget.ofUndo(policy));
  const redeem = couponStep(orderId, attempt, settlement);
  const charge: Step = {
    ...paymentUndo(orderId, attempt, policy, settlement),
    do: () => callProvider('charge', `Charge the card · attempt ${attempt}`, call, budget),
  };
  const ship: Step = {
    name: 'shipment',
    attempt,
    do: () => callProvider('createShipment', `Order the parcel · attempt ${attempt}`, call, budget),
    undo: () => undo('cancelShipment', 'Cancel the parcel'),
    writeOff: (resolution) => writeOff('writeOffShipment', { orderId, attempt }, resolution, policy),
  };
  const store: Step = {
    name: 'warehouse',
    attempt,
    do: () => callProvider('store', `Store in the warehouse · attempt ${attempt}`, call, budget),
    undo: () => undo('takeOutOfStorage', 'Take out of the warehouse'),
    writeOff: (resolution) => writeOff('writeOffStorage', { orderId, attempt }, resolution, policy),
  };
  return {
    ...(hasCoupon ? { redeem } : {}),
    ...(totalMinor > 0 ? { charge } : {}),
    ship,
    ...(warehouseStorage ? { store } : {}),
  };
}

/** The coupon that the order has claimed: redeemed by an attempt, and claimed again by its undo. */
export function couponStep(orderId: number, attempt: number, settlement: Settlement): Step {
  return {
    name: 'coupon',
    attempt,
    do: () => own.redeemCoupon({ orderId, attempt, atMs: Date.now() }),
    undo: () => own.restoreCoupon({ orderId, attempt, isSettled: settlement.isSettled }),
    writeOff: (resolution) => own.writeOffCoupon({ ...resolution, orderId, attempt }),
  };
}

/** Giving the money of an attempt back. */
export function paymentUndo(orderId: number, attempt: number, policy: OrderPolicy, settlement: Settlement): Step {
  return {
    name: 'payment',
    attempt,
    do: () => Promise.resolve(),
    undo: () =>
      callProvider(
        'refund',
        'Give the money back',
        { orderId, attempt, isSettled: settlement.isSettled },
        CallBudget.ofUndo(policy),
      ),
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
  const summary = `${resolution.decision} by ${resolution.actor}`;
  return callProvider(name, summary, { ...decision, ...step }, CallBudget.ofUndo(policy));
}
