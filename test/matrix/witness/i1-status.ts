import { type Check, each } from './invariant';

/** What a saga that rests can look like from outside. */
const RESTING: Readonly<Record<string, readonly string[]>> = {
  WAITING: ['PENDING_PAYMENT', 'PREPARING', 'SHIPMENT_STARTED', 'IN_TRANSIT'],
  SETTLED: ['COMPLETED', 'CANCELLED', 'REFUNDED'],
};

/** I1: every accepted order is in a final or a waiting state, and the customer is shown that status. */
export const statusIsTrue: Check = ({ orders, toldStatus }) =>
  each(orders, async ({ id, status, sagaState }) => {
    if (!RESTING[sagaState]?.includes(status)) return [`order ${id} is left ${status} ${sagaState}`];
    const told = await toldStatus(id);
    return told.status === status && told.sagaState === sagaState
      ? []
      : [`order ${id} is ${status} ${sagaState}, and its customer is shown ${told.status} ${told.sagaState}`];
  });
