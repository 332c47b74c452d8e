import type { OrderFactsheet } from '../../db/order-facts';
import { canRestart } from './restartable';

const step = (name: string, state: string) =>
  ({
    step: name,
    attempt: name === 'stock' ? 0 : 1,
    state,
    code: null,
    chargedMinor: 0,
  }) as OrderFactsheet['steps'][number];

const order = (change: Partial<OrderFactsheet>) =>
  canRestart({
    ...{ status: 'PREPARING', sagaState: 'WAITING', wasCancelAsked: false, steps: [step('stock', 'DONE')] },
    ...change,
  } as OrderFactsheet);

describe('a new run can be left to find out what an order needs', () => {
  test.each<[string, Partial<OrderFactsheet>]>([
    ['that waits for the carrier', {}],
    ['that waits for its payment', { status: 'PENDING_PAYMENT' }],
    ['whose attempt is under way', { status: 'PENDING_PAYMENT', sagaState: 'RUNNING' }],
    ['whose cancel is under way', { sagaState: 'COMPENSATING', wasCancelAsked: true }],
    ['of which nothing has begun', { status: 'CREATED', sagaState: 'RUNNING', steps: [] }],
    ['that is being refunded', { status: 'REFUND_REQUESTED', sagaState: 'NEEDS_OPERATOR' }],
  ])('%s', (_, change) => expect(order(change)).toBe(true));

  test.each<[string, Partial<OrderFactsheet>]>([
    ['that waits for a person', { sagaState: 'NEEDS_OPERATOR' }],
    ['whose cancel may be still to come', { wasCancelAsked: true }],
    ['whose stock is given back', { sagaState: 'COMPENSATING', steps: [step('stock', 'UNDONE')] }],
    ['that has no stock step and is beyond it', { steps: [] }],
  ])('but not one %s', (_, change) => expect(order(change)).toBe(false));
});
