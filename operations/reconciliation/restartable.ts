import type { OrderFactsheet } from '../../db/order-facts';
import { isCancellable } from '../../domain/order-status';

/**
 * Whether the database says what the order needs, so that a new run of its workflow can continue. Not where the record of its stock
 * is missing, or says that there was none: a person decides about those.
 */
export function canRestart({ status, steps }: OrderFactsheet): boolean {
  if (status === 'REFUND_REQUESTED') return true;
  const stock = steps.find(({ step }) => step === 'stock');
  return stock ? stock.state !== 'FAILED' : status === 'CREATED';
}

/**
 * Whether its workflow was undoing the order when it ended, or had taken a cancel: then the order is undone to its end. The undo of a
 * failed attempt goes on as such.
 */
export function wasUndoing({
  status,
  sagaState,
  steps,
  requests,
  isCancelOpen,
  hasParkedUndo,
}: OrderFactsheet): boolean {
  if (!isCancellable(status)) return false;
  const attempt = requests.find(({ state }) => state === 'RUNNING');
  if (isCancelOpen || attempt?.failureKind === 'INTERRUPTED') return true;
  // Only a cancel takes back the parcel of a paid order.
  if (status === 'PREPARING' && !steps.some(({ step, state }) => step === 'shipment' && state === 'DONE')) return true;
  const isUndoing = sagaState === 'COMPENSATING' || (sagaState === 'NEEDS_OPERATOR' && hasParkedUndo);
  return isUndoing && attempt?.failureKind == null;
}
