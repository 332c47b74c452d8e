import type { OrderFactsheet } from '../../db/order-facts';
import { orderDifferences } from './order-rules';

const HOUR_MS = 3_600_000;

const step = (name: string, attempt: number, state: string, chargedMinor = 0) =>
  ({ step: name, attempt, state, code: null, chargedMinor }) as OrderFactsheet['steps'][number];

/** Paid in its second attempt, with a coupon, and on its way. */
const PAID: OrderFactsheet = {
  id: 12,
  status: 'PREPARING',
  sagaState: 'WAITING',
  statusReason: null,
  totalMinor: 900,
  runId: 'run',
  refundRunId: null,
  isCancelOpen: false,
  hasParkedUndo: false,
  couponRequestId: 'request',
  movedAt: new Date(0),
  quietMs: HOUR_MS,
  steps: [
    step('stock', 0, 'DONE'),
    step('payment', 1, 'UNDONE'),
    step('coupon', 2, 'DONE'),
    step('payment', 2, 'DONE', 900),
    step('shipment', 2, 'DONE'),
  ],
  netMinor: 900,
  stock: [{ sku: 'MUG', ordered: 2, held: 0, sold: 2 }],
  requests: [],
  claim: { requestId: 'request', isRedeemed: true },
  stockFailureReplayedMs: null,
  unpublishedTopics: [],
};
const ENDED: OrderFactsheet = {
  ...PAID,
  status: 'CANCELLED',
  sagaState: 'SETTLED',
  steps: PAID.steps.map((one) => ({ ...one, state: 'UNDONE' })),
  netMinor: 0,
  stock: [{ sku: 'MUG', ordered: 2, held: 0, sold: 0 }],
  claim: null,
};
const REFUNDED: OrderFactsheet = {
  ...ENDED,
  status: 'REFUNDED',
  steps: ENDED.steps.map((one) => (one.step === 'shipment' ? { ...one, state: 'DONE' } : one)),
};
const WAITING: OrderFactsheet = {
  ...ENDED,
  status: 'PENDING_PAYMENT',
  sagaState: 'WAITING',
  steps: [step('stock', 0, 'DONE'), step('payment', 1, 'UNDONE')],
  stock: [{ sku: 'MUG', ordered: 2, held: 2, sold: 0 }],
  claim: { requestId: 'request', isRedeemed: false },
};

const codes = (order: OrderFactsheet, graceMs = 1_000) => orderDifferences(order, { graceMs }).map(({ code }) => code);

describe('what an order’s state demands', () => {
  test.each([
    ['a paid order', PAID],
    [
      'a paid one with the tombstone of an attempt that never was',
      { ...PAID, steps: [...PAID.steps, step('shipment', 9, 'UNDONE')] },
    ],
    ['a cancelled one', ENDED],
    ['a refunded one, whose parcel was delivered', REFUNDED],
    ['one that waits for its payment', WAITING],
    [
      'a stored one',
      { ...PAID, status: 'COMPLETED', sagaState: 'SETTLED', steps: [...PAID.steps, step('warehouse', 2, 'DONE')] },
    ],
    [
      'one with nothing to pay',
      { ...PAID, totalMinor: 0, netMinor: 0, steps: [step('stock', 0, 'DONE'), step('shipment', 1, 'DONE')] },
    ],
    [
      'one whose undo a person has skipped',
      { ...ENDED, steps: [step('payment', 1, 'SKIPPED'), step('stock', 0, 'SKIPPED')] },
    ],
    ['one whose saga is at work', { ...PAID, sagaState: 'COMPENSATING', netMinor: 0 }],
    ['one that waits for a person', { ...PAID, sagaState: 'NEEDS_OPERATOR', netMinor: 0 }],
  ] as const)('%s is well', (_name, order) => {
    expect(codes(order as OrderFactsheet)).toEqual([]);
  });

  test.each([
    ['MONEY_DIFFERS', { ...PAID, netMinor: 0 }],
    ['MONEY_DIFFERS', { ...ENDED, netMinor: 900 }],
    ['MISSING_UNDO', { ...PAID, steps: [...PAID.steps, step('shipment', 1, 'UNKNOWN')] }],
    ['MISSING_UNDO', { ...WAITING, steps: [step('stock', 0, 'DONE'), step('payment', 1, 'UNDO_FAILED', 900)] }],
    ['MISSING_UNDO', { ...ENDED, steps: [step('stock', 0, 'DONE')] }],
    ['MISSING_UNDO', { ...REFUNDED, steps: [step('payment', 2, 'DONE', 900)] }],
    ['HOLD_WITHOUT_ORDER', { ...ENDED, stock: [{ sku: 'MUG', ordered: 2, held: 2, sold: 0 }] }],
    ['STOCK_DIFFERS', { ...PAID, stock: [{ sku: 'MUG', ordered: 2, held: 2, sold: 0 }] }],
    ['STOCK_DIFFERS', { ...WAITING, stock: [{ sku: 'MUG', ordered: 2, held: 1, sold: 0 }] }],
    ['SLOT_WITHOUT_OWNER', { ...ENDED, claim: { requestId: 'request', isRedeemed: true } }],
    ['COUPON_DIFFERS', { ...PAID, claim: { requestId: 'request', isRedeemed: false } }],
    ['COUPON_DIFFERS', { ...WAITING, claim: null }],
    ['COMPENSATE_NOT_DELIVERED', { ...WAITING, steps: [step('stock', 0, 'FAILED')] }],
    ['COMPENSATE_NOT_DELIVERED', { ...WAITING, stockFailureReplayedMs: HOUR_MS }],
  ] as const)('%s, once, and not within the grace period', (code, order) => {
    expect(codes(order as OrderFactsheet)).toEqual([code]);
    expect(codes({ ...order, quietMs: 500 } as OrderFactsheet)).toEqual([]);
  });

  test('a payment of an order that is complete is for a person', () => {
    const steps = [...PAID.steps, step('payment', 1, 'DONE', 900)];
    const [finding] = orderDifferences({ ...PAID, status: 'COMPLETED', steps }, { graceMs: 0 });
    expect(finding).toMatchObject({ code: 'MISSING_UNDO', isFixable: false, amountAtRiskMinor: 900 });
  });

  test('what was saved and reached no workflow, unless it is still to be published', () => {
    const request: OrderFactsheet['requests'][number] = {
      ...({ eventId: 'e', retryCount: 0, state: 'PENDING', attempt: null } as const),
      ...{ isSignalled: false, failureKind: null, ageMs: HOUR_MS },
    };
    const born: OrderFactsheet = {
      ...WAITING,
      ...{ status: 'CREATED', sagaState: 'RUNNING', runId: null, steps: [], stock: [] },
    };
    expect(codes(born)).toEqual(['REQUEST_WITHOUT_RECORD']);
    expect(codes({ ...born, unpublishedTopics: ['stock.decrease.requested'] })).toEqual([]);
    expect(codes({ ...WAITING, requests: [request] })).toEqual(['REQUEST_WITHOUT_RECORD']);
    expect(codes({ ...WAITING, requests: [request], unpublishedTopics: ['order-processing-topic'] })).toEqual([]);
    expect(codes({ ...WAITING, requests: [{ ...request, isSignalled: true }] })).toEqual([]);
    expect(codes({ ...WAITING, requests: [{ ...request, ageMs: 500 }] })).toEqual([]);
  });
});
