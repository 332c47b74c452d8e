import type { OrderFactsheet } from '../../db/order-facts';
import { LIVE_STATES } from '../../db/saga-steps';
import type { Finding } from '../../domain/finding';
import type { OrderStatus } from '../../domain/order-status';

/** What an order's state demands of everything else that is recorded of it. */
interface Demand {
  readonly isPaid: boolean;
  readonly units: 'none' | 'held' | 'sold';
  /** Whether it has the coupon that it was ordered with. */
  readonly hasCoupon: boolean;
}

const UNPAID: Demand = { isPaid: false, units: 'held', hasCoupon: true };
const PAID: Demand = { isPaid: true, units: 'sold', hasCoupon: true };
const ENDED_UNSOLD: Demand = { isPaid: false, units: 'none', hasCoupon: false };

/** Absent: only while its saga is at work. */
const DEMANDS: Readonly<Partial<Record<OrderStatus, Demand>>> = {
  CREATED: { ...UNPAID, units: 'none' },
  PENDING_PAYMENT: UNPAID,
  PREPARING: PAID,
  IN_WAREHOUSE: PAID,
  SHIPMENT_STARTED: PAID,
  IN_TRANSIT: PAID,
  COMPLETED: PAID,
  REFUNDED: ENDED_UNSOLD,
  CANCELLED: ENDED_UNSOLD,
};

/**
 * Everything in the database that is not as the order's state says. An order whose saga is at work, or waits for a person, says
 * nothing about its steps and ledgers; what never came to its workflow is a finding all the same.
 */
export function orderDifferences(order: OrderFactsheet, { graceMs }: { readonly graceMs: number }): Finding[] {
  const lost = lostRecords(order, graceMs);
  const demand = DEMANDS[order.status];
  if (!demand || !isAtRest(order) || order.quietMs < graceMs) return lost;
  return [
    ...lost,
    ...missingUndos(order),
    ...moneyDifference(order, demand),
    ...stockDifference(order, demand),
    ...couponDifference(order, demand),
  ];
}

export const isAtRest = ({ sagaState }: Pick<OrderFactsheet, 'sagaState'>) =>
  sagaState === 'SETTLED' || sagaState === 'WAITING';

const subjectOf = ({ id }: OrderFactsheet) => `order-${id}`;

const common = (order: OrderFactsheet) => ({ orderId: order.id, since: order.movedAt });

const stateOf = ({ status, sagaState }: OrderFactsheet) => ({ status, sagaState });

function missingUndos(order: OrderFactsheet): Finding[] {
  const live = order.steps.filter(({ state }) => LIVE_STATES.includes(state));
  const last = Math.max(0, ...live.map(({ attempt }) => attempt));
  return live
    .filter((step) => !mayStand(order, step, last))
    .map((step) => ({
      code: 'MISSING_UNDO',
      subject: `order-${order.id}/${step.step}/${step.attempt}`,
      ...common(order),
      step: step.step,
      attempt: step.attempt,
      amountAtRiskMinor: Math.max(0, step.chargedMinor),
      // A refund that was refused leaves its order COMPLETED: from then on no payment of it is taken back by a saga.
      ...(step.step === 'payment' && order.status === 'COMPLETED' ? { isFixable: false as const } : {}),
      evidence: {
        ...stateOf(order),
        step: `${order.id}:${step.step}:${step.attempt}`,
        stepState: step.state,
        code: step.code,
      },
    }));
}

/** No attempt follows the one that was settled, so that only the last one with an effect can stand; a tombstone has none. */
function mayStand(order: OrderFactsheet, { step, attempt }: OrderFactsheet['steps'][number], last: number): boolean {
  // Units that are left are a finding of their own.
  if (step === 'stock') return order.status !== 'CANCELLED' && order.status !== 'REFUNDED' ? true : hasUnits(order);
  switch (order.status) {
    case 'CREATED':
    case 'PENDING_PAYMENT':
    case 'CANCELLED':
      return false;
    case 'REFUNDED':
      // A parcel that was delivered or lost stays as it is, and goods that are stored stay there.
      return attempt === last && (step === 'shipment' || step === 'warehouse');
    default:
      return attempt === last;
  }
}

function moneyDifference(order: OrderFactsheet, { isPaid }: Demand): Finding[] {
  const dueMinor = isPaid ? order.totalMinor : 0;
  if (order.netMinor === dueMinor) return [];
  const evidence = { ...stateOf(order), totalMinor: order.totalMinor, dueMinor, netChargedMinor: order.netMinor };
  const amountAtRiskMinor = Math.abs(order.netMinor - dueMinor);
  return [{ code: 'MONEY_DIFFERS', subject: subjectOf(order), ...common(order), amountAtRiskMinor, evidence }];
}

const hasUnits = ({ stock }: OrderFactsheet) => stock.some(({ held, sold }) => held !== 0 || sold !== 0);

function stockDifference(order: OrderFactsheet, { units }: Demand): Finding[] {
  const isWrong = order.stock.filter(({ ordered, held, sold }) => {
    return held !== (units === 'held' ? ordered : 0) || sold !== (units === 'sold' ? ordered : 0);
  });
  const [first] = isWrong;
  if (!first) return [];
  const isLeft = order.status === 'CANCELLED' || order.status === 'REFUNDED';
  const { sku, ordered, held, sold } = first;
  return [
    {
      code: isLeft ? 'HOLD_WITHOUT_ORDER' : 'STOCK_DIFFERS',
      subject: subjectOf(order),
      ...common(order),
      step: 'stock',
      evidence: { ...stateOf(order), products: isWrong.length, sku, ordered, held, sold },
    },
  ];
}

function couponDifference(order: OrderFactsheet, { isPaid, hasCoupon }: Demand): Finding[] {
  const { couponRequestId, claim } = order;
  const isClaimed = claim !== null;
  const evidence = {
    ...stateOf(order),
    couponRequest: claim?.requestId ?? couponRequestId,
    isClaimed,
    isRedeemed: claim?.isRedeemed ?? false,
  };
  if (isClaimed && !hasCoupon)
    return [
      { code: 'SLOT_WITHOUT_OWNER', subject: `request-${claim.requestId}`, ...common(order), step: 'coupon', evidence },
    ];
  const isRight = isClaimed
    ? claim.requestId === couponRequestId && claim.isRedeemed === isPaid
    : couponRequestId === null;
  if (isRight || !hasCoupon) return [];
  return [{ code: 'COUPON_DIFFERS', subject: subjectOf(order), ...common(order), step: 'coupon', evidence }];
}

/** What was saved, and whose record never came to the order's workflow; nothing while that is still to be published. */
function lostRecords(order: OrderFactsheet, graceMs: number): Finding[] {
  const { id, status, runId, quietMs, unpublishedTopics, requests } = order;
  const found: Finding[] = [];
  const isOnItsWay = (topic: string) => unpublishedTopics.includes(topic);
  if (status === 'CREATED' && runId === null && quietMs >= graceMs && !isOnItsWay('stock.decrease.requested'))
    found.push({
      code: 'REQUEST_WITHOUT_RECORD',
      subject: `order-${id}/stock`,
      ...common(order),
      step: 'stock',
      evidence: { ...stateOf(order), topic: 'stock.decrease.requested' },
    });
  for (const { eventId, retryCount, state, isSignalled, ageMs } of requests) {
    const topic = retryCount === 0 ? 'order-processing-topic' : 'order-retry-topic';
    if (state !== 'PENDING' || isSignalled || ageMs < graceMs || isOnItsWay(topic)) continue;
    found.push({
      code: 'REQUEST_WITHOUT_RECORD',
      subject: `order-${id}/${eventId}/${retryCount}`,
      ...common(order),
      evidence: { ...stateOf(order), topic, eventId, retryCount, ageSeconds: Math.round(ageMs / 1_000) },
    });
  }
  return [...found, ...undeliveredCompensate(order, graceMs)];
}

/** Its stock could not be had, and yet it can still be paid. */
function undeliveredCompensate(order: OrderFactsheet, graceMs: number): Finding[] {
  const { id, status, steps, quietMs, stockFailureReplayedMs, unpublishedTopics } = order;
  const stock = steps.find(({ step }) => step === 'stock');
  const wasReplayed = stockFailureReplayedMs !== null && stockFailureReplayedMs >= graceMs;
  const canBePaid = status === 'CREATED' || status === 'PENDING_PAYMENT';
  if (!canBePaid || !(stock?.state === 'FAILED' || wasReplayed)) return [];
  if (quietMs < graceMs || unpublishedTopics.includes('stock.decrease.failed')) return [];
  const evidence = { ...stateOf(order), stockStep: stock?.state ?? null, wasReplayed };
  return [{ code: 'COMPENSATE_NOT_DELIVERED', subject: `order-${id}`, ...common(order), step: 'stock', evidence }];
}
