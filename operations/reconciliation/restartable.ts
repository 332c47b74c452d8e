import type { OrderFactsheet } from '../../db/order-facts';

/**
 * Whether the database says what the order needs, so that a new run of its workflow can continue. Not where it waits for a person, where a cancel
 * may be still to come, and where its stock is given back already: a person decides about those.
 */
export function canRestart({ status, sagaState, steps, wasCancelAsked }: OrderFactsheet): boolean {
  if (status === 'REFUND_REQUESTED') return true;
  if (sagaState === 'NEEDS_OPERATOR' || (sagaState === 'WAITING' && wasCancelAsked)) return false;
  const stock = steps.find(({ step }) => step === 'stock');
  return stock ? stock.state === 'DONE' : status === 'CREATED';
}

/**
 * Whether its workflow was undoing the order when it ended, or had taken a cancel: then the order is undone to its end. The undo of a
 * failed attempt goes on as such.
 */
export function wasUndoing({ sagaState, requests, wasCancelAsked }: OrderFactsheet): boolean {
  const attempt = requests.find(({ state }) => state === 'RUNNING');
  if (wasCancelAsked || attempt?.failureKind === 'INTERRUPTED') return true;
  return sagaState === 'COMPENSATING' && attempt?.failureKind == null;
}
