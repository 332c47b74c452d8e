import { CancellationScope } from '@temporalio/workflow';
import type { Beginning } from '../activities/attempt';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import { callOutside, own } from './calls';
import type { Resolution, Step } from './saga';

/** An attempt as the database has accepted it. */
type AcceptedAttempt = Extract<Beginning, { accepted: true }>;

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

/** The steps of one attempt; all their calls to the outside share the attempt's budget, which ends at `deadline`. */
export function attemptSteps(
  call: RequestStepCall,
  { hasCoupon, totalMinor, warehouseStorage }: AcceptedAttempt,
  policy: OrderPolicy,
  deadline: number,
): AttemptSteps {
  const { orderId, attempt } = call;
  const budget = () => ({ policy, budgetMs: deadline - Date.now() });
  const redeem = couponStep(orderId, attempt);
  const charge: Step = {
    ...paymentUndo(orderId, attempt, policy),
    do: () => callOutside('charge', `Charge the card · attempt ${attempt}`, call, budget()),
  };
  const ship: Step = {
    name: 'shipment',
    attempt,
    do: () => callOutside('createShipment', `Order the parcel · attempt ${attempt}`, call, budget()),
    undo: () => callOutside('cancelShipment', 'Cancel the parcel', { orderId, attempt }, undoBudget(policy)),
    writeOff: (resolution) => writeOff('writeOffShipment', { orderId, attempt }, resolution, policy),
  };
  const store: Step = {
    name: 'warehouse',
    attempt,
    do: () => callOutside('store', `Store in the warehouse · attempt ${attempt}`, call, budget()),
    undo: () => callOutside('takeOutOfStorage', 'Take out of the warehouse', { orderId, attempt }, undoBudget(policy)),
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
export function couponStep(orderId: number, attempt: number): Step {
  return {
    name: 'coupon',
    attempt,
    do: () => own.redeemCoupon({ orderId, attempt, atMs: Date.now() }),
    undo: () => own.restoreCoupon({ orderId, attempt }),
    writeOff: (resolution) => own.writeOffCoupon({ ...resolution, orderId, attempt }),
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
