import { CancellationScope } from '@temporalio/workflow';
import type { Beginning } from '../activities/attempt';
import type { RequestStepCall, StepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import { CallBudget, callProvider, own, ownUndo, undoInTime } from './calls';
import type { Resolution, Step } from './saga';

/** An attempt as the database has accepted it. */
export type AcceptedAttempt = Extract<Beginning, { accepted: true }>;

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
export function stockStep(
  orderId: number,
  runId: string,
  settlement: Settlement,
  policy: () => OrderPolicy | undefined,
): Step<Reservation> {
  const undo = () => ({ orderId, isSettled: settlement.isSettled });
  return {
    name: 'stock',
    attempt: 0,
    // Never interrupted: it tells whether the order is this run's at all, and only then may anything be undone.
    do: () => CancellationScope.nonCancellable(() => own.reserveStock({ orderId, runId, atMs: Date.now() })),
    undo: () => ownUndo(policy()).releaseStock(undo()),
    undoInTime: () => undoInTime('releaseStock', 'Release the stock', undo(), policy()),
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
  const redeem = couponStep(orderId, attempt, policy, settlement);
  const charge: Step = {
    ...paymentUndo(orderId, attempt, policy, settlement),
    do: () => callProvider('charge', `Charge the card · attempt ${attempt}`, call, budget),
  };
  const ship: Step = {
    name: 'shipment',
    attempt,
    do: () => callProvider('createShipment', `Order the parcel · attempt ${attempt}`, call, budget),
    ...providerUndo('cancelShipment', 'Cancel the parcel', { orderId, attempt }, policy, settlement),
    writeOff: (resolution) => writeOff('writeOffShipment', { orderId, attempt }, resolution, policy),
  };
  const store: Step = {
    name: 'warehouse',
    attempt,
    do: () => callProvider('store', `Store in the warehouse · attempt ${attempt}`, call, budget),
    ...providerUndo('takeOutOfStorage', 'Take out of the warehouse', { orderId, attempt }, policy, settlement),
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
export function couponStep(orderId: number, attempt: number, policy: OrderPolicy, settlement: Settlement): Step {
  const undo = () => ({ orderId, attempt, isSettled: settlement.isSettled });
  return {
    name: 'coupon',
    attempt,
    do: () => own.redeemCoupon({ orderId, attempt, atMs: Date.now() }),
    undo: () => ownUndo(policy).restoreCoupon(undo()),
    undoInTime: () => undoInTime('restoreCoupon', 'Free the coupon', undo(), policy),
    writeOff: (resolution) => own.writeOffCoupon({ ...resolution, orderId, attempt }),
  };
}

/** Giving the money of an attempt back. */
export function paymentUndo(orderId: number, attempt: number, policy: OrderPolicy, settlement: Settlement): Step {
  return {
    name: 'payment',
    attempt,
    do: () => Promise.resolve(),
    ...providerUndo('refund', 'Give the money back', { orderId, attempt }, policy, settlement),
    writeOff: (resolution) => writeOff('writeOffPayment', { orderId, attempt }, resolution, policy),
  };
}

/** Takes back what a provider has: within the undo's patience, and then for as long as it takes. */
function providerUndo(
  name: 'refund' | 'cancelShipment' | 'takeOutOfStorage',
  summary: string,
  step: StepCall,
  policy: OrderPolicy,
  settlement: Settlement,
): Pick<Step, 'undo' | 'undoInTime'> {
  const call = () => ({ ...step, isSettled: settlement.isSettled });
  return {
    undo: () => callProvider(name, summary, call(), CallBudget.ofUndo(policy)),
    undoInTime: () => undoInTime(name, summary, call(), policy),
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
