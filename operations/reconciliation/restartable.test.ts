import type { OrderFactsheet } from '../../db/order-facts';
import { canRestart, wasUndoing } from './restartable';

const step = (name: string, state: string) =>
  ({
    step: name,
    attempt: name === 'stock' ? 0 : 1,
    state,
    code: null,
    chargedMinor: 0,
  }) as OrderFactsheet['steps'][number];

const request = (failureKind: string | null) =>
  ({ state: 'RUNNING', attempt: 1, failureKind }) as OrderFactsheet['requests'][number];

const order = (change: Partial<OrderFactsheet>) =>
  ({
    ...{ status: 'PREPARING', sagaState: 'WAITING', isCancelOpen: false, hasParkedUndo: false, requests: [] },
    ...{ steps: [step('stock', 'DONE'), step('shipment', 'DONE')], ...change },
  }) as unknown as OrderFactsheet;

describe('a new run can be left to find out what an order needs', () => {
  test.each<[string, Partial<OrderFactsheet>]>([
    ['that waits for the carrier', {}],
    ['that waits for a person', { sagaState: 'NEEDS_OPERATOR' }],
    ['whose stock is given back', { sagaState: 'COMPENSATING', steps: [step('stock', 'UNDONE')] }],
    ['of which nothing has begun', { status: 'CREATED', sagaState: 'RUNNING', steps: [] }],
    ['that is being refunded', { status: 'REFUND_REQUESTED', sagaState: 'NEEDS_OPERATOR' }],
  ])('%s', (_, change) => expect(canRestart(order(change))).toBe(true));

  test.each<[string, Partial<OrderFactsheet>]>([
    ['that never had its stock', { steps: [step('stock', 'FAILED')] }],
    ['that has no stock step and is beyond it', { steps: [] }],
  ])('but not one %s', (_, change) => expect(canRestart(order(change))).toBe(false));
});

describe('an order is undone to its end', () => {
  test.each<[string, Partial<OrderFactsheet>]>([
    ['whose cancel was taken, and has not begun', { isCancelOpen: true }],
    ['whose cancel was under way', { sagaState: 'COMPENSATING' }],
    ['whose attempt was interrupted by a cancel', { sagaState: 'COMPENSATING', requests: [request('INTERRUPTED')] }],
    [
      'whose parcel is cancelled, whatever is shown or listed of it',
      { sagaState: 'NEEDS_OPERATOR', steps: [step('stock', 'DONE'), step('shipment', 'UNDONE')] },
    ],
    ['an undo of which waits for a person', { sagaState: 'NEEDS_OPERATOR', hasParkedUndo: true }],
  ])('%s', (_, change) => expect(wasUndoing(order(change))).toBe(true));

  test.each<[string, Partial<OrderFactsheet>]>([
    ['that waits', {}],
    ['whose attempt is under way', { sagaState: 'RUNNING', requests: [request(null)] }],
    ['whose attempt was declined and is being undone', { sagaState: 'COMPENSATING', requests: [request('DECLINED')] }],
    ['whose step waits for a person', { sagaState: 'NEEDS_OPERATOR', requests: [request(null)] }],
    ['that has left before its cancel was refused', { status: 'SHIPMENT_STARTED', isCancelOpen: true }],
  ])('but not one %s', (_, change) => expect(wasUndoing(order(change))).toBe(false));
});
