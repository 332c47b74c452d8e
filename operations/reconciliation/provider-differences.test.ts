import type { ComparedMoney, ComparedOrder, ComparedStep } from '../../db/compared-orders';
import type { ProviderRecord } from '../../db/provider-records';
import type { ComparedAt } from './comparison';
import { differencesOf, differencesOfUnknown } from './provider-differences';

const NOW = new Date('2026-11-29T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const BEFORE = minutesAgo(60);
const read = { from: new Date(0), until: minutesAgo(2) };
const AT: ComparedAt = {
  now: NOW,
  graceMs: 5 * 60_000,
  coverage: { payment: read, carrier: read, warehouse: read },
};

const step = (name: ComparedStep['step'], state: ComparedStep['state'], attempt = 1): ComparedStep => ({
  ...{ key: `7:${name}:${attempt}`, step: name, attempt, state },
  ...{ providerRef: `${name}-${attempt}`, updatedAt: BEFORE },
});
const money = (chargedMinor: number, refundedMinor = 0, adjustedMinor = 0, attempt = 1): ComparedMoney => ({
  ...{ key: `7:payment:${attempt}`, chargedMinor, refundedMinor, adjustedMinor },
  ...{ refs: [`payment-${attempt}`], changedAt: BEFORE },
});
const payment = (capturedMinor: number, refundedMinor = 0, attempt = 1): ProviderRecord => ({
  ...{ provider: 'payment', ref: `payment-${attempt}`, key: `7:payment:${attempt}`, orderId: 7 },
  ...{ status: refundedMinor > 0 ? 'closed' : 'captured', currency: 'KRW', changedAt: BEFORE },
  ...{ capturedMinor, refundedMinor },
});
const goods = (provider: 'carrier' | 'warehouse', status: string, attempt = 1): ProviderRecord => ({
  ...{ provider, status, ref: `${provider}-${attempt}`, orderId: 7 },
  key: `7:${provider === 'carrier' ? 'shipment' : 'warehouse'}:${attempt}`,
  ...{ capturedMinor: 0, refundedMinor: 0, currency: null, changedAt: BEFORE },
});

const PAID: ComparedOrder = {
  ...{ id: 7, status: 'PREPARING', sagaState: 'WAITING', totalMinor: 1_000, currency: 'KRW' },
  ...{ createdAt: BEFORE, changedAt: BEFORE, refundedFrom: undefined, endedByHand: [] },
  steps: [step('payment', 'DONE'), step('shipment', 'DONE')],
  money: [money(1_000)],
  records: [payment(1_000), goods('carrier', 'CREATED')],
};
const CANCELLED: ComparedOrder = {
  ...PAID,
  ...{ status: 'CANCELLED', sagaState: 'SETTLED' },
  steps: [step('payment', 'UNDONE'), step('shipment', 'UNDONE')],
  money: [money(1_000, 1_000)],
  records: [payment(1_000, 1_000), goods('carrier', 'CANCELLED')],
};
const REFUNDED: ComparedOrder = {
  ...PAID,
  ...{ status: 'REFUNDED', sagaState: 'SETTLED', refundedFrom: 'COMPLETED' },
  steps: [step('payment', 'UNDONE'), step('shipment', 'DONE')],
  money: [money(1_000, 1_000)],
  records: [payment(1_000, 1_000), goods('carrier', 'DELIVERED')],
};
const STORED: ComparedOrder = {
  ...PAID,
  ...{ status: 'COMPLETED', sagaState: 'SETTLED' },
  steps: [...PAID.steps, step('warehouse', 'DONE')],
  records: [...PAID.records, goods('warehouse', 'STORED')],
};

const codes = (order: ComparedOrder, at = AT) =>
  differencesOf(order, at).map(({ finding }) => `${finding.code} ${finding.subject} ${finding.amountAtRiskMinor}`);
const without = (order: ComparedOrder, provider: ProviderRecord['provider'], ...instead: ProviderRecord[]) => ({
  ...order,
  records: [...order.records.filter((record) => record.provider !== provider), ...instead],
});

describe('nothing differs', () => {
  const declined = { ...payment(0), status: 'declined' };
  const pending: ComparedOrder = {
    ...{ ...PAID, status: 'PENDING_PAYMENT', money: [] },
    steps: [step('payment', 'UNDONE')],
    records: [declined],
  };
  test.each<[string, ComparedOrder]>([
    ['paid', PAID],
    ['cancelled after it was paid', CANCELLED],
    ['refunded', REFUNDED],
    ['stored', STORED],
    [
      'stored, then refunded',
      {
        ...REFUNDED,
        steps: [...REFUNDED.steps, step('warehouse', 'DONE')],
        records: [...REFUNDED.records, goods('warehouse', 'STORED')],
      },
    ],
    ['declined', pending],
    [
      'paid at the second attempt',
      {
        ...PAID,
        money: [money(1_000, 1_000), money(1_000, 0, 0, 2)],
        steps: [
          step('payment', 'UNDONE'),
          step('shipment', 'FAILED'),
          step('payment', 'DONE', 2),
          step('shipment', 'DONE', 2),
        ],
        records: [payment(1_000, 1_000), payment(1_000, 0, 2), goods('carrier', 'CREATED', 2)],
      },
    ],
    ['free of charge', { ...without(PAID, 'payment'), totalMinor: 0, money: [], steps: [step('shipment', 'DONE')] }],
    [
      'cancelled, its refund skipped',
      { ...CANCELLED, money: [money(1_000, 0, 1_000)], steps: [step('payment', 'SKIPPED')], records: [payment(1_000)] },
    ],
    [
      'cancelled, its refund done externally and not yet at the provider',
      { ...CANCELLED, money: [money(1_000, 0, 1_000)], records: [payment(1_000)] },
    ],
    [
      'cancelled, its refund done externally, by now at the provider',
      { ...CANCELLED, money: [money(1_000, 0, 1_000)] },
    ],
    [
      'cancelled, its parcel ended by hand',
      { ...without(CANCELLED, 'carrier', goods('carrier', 'CREATED')), endedByHand: ['shipment'] },
    ],
    ['cancelled long ago, its steps purged', { ...CANCELLED, steps: [] }],
    [
      'older than what is known of the payments',
      { ...without(PAID, 'payment'), createdAt: BEFORE, ...{ money: [{ ...money(1_000), changedAt: new Date(1) }] } },
    ],
  ])('%s', (name, order) => {
    const at = name.startsWith('older') ? { ...AT, coverage: { payment: { ...read, from: minutesAgo(30) } } } : AT;
    expect(codes(order, at)).toEqual([]);
  });

  test.each(['RUNNING', 'COMPENSATING', 'NEEDS_OPERATOR'] as const)('of what is under way: %s', (sagaState) => {
    const begun = { ...PAID, sagaState, status: 'PENDING_PAYMENT', money: [] } as const;
    expect(codes({ ...begun, steps: [step('payment', 'UNKNOWN')], records: [payment(1_000)] })).toEqual([]);
    expect(codes({ ...begun, steps: [step('payment', 'UNDO_FAILED'), step('shipment', 'UNDOING')] })).toEqual([]);
    expect(codes({ ...without(PAID, 'carrier'), sagaState })).toEqual([]);
  });

  test('within the grace after a change of the order, of a step, or at a provider', () => {
    const paid = [payment(1_000)];
    expect(codes({ ...CANCELLED, steps: PAID.steps, records: paid, changedAt: minutesAgo(4) })).toEqual([]);
    const justUndone = { ...step('payment', 'UNDONE'), updatedAt: minutesAgo(4) };
    expect(codes({ ...CANCELLED, records: paid, steps: [justUndone] })).toEqual([]);
    expect(differencesOfUnknown([{ ...payment(1_000), changedAt: minutesAgo(4) }], AT)).toEqual([]);
  });

  test('while nothing is known yet of what a provider has', () => {
    for (const provider of ['payment', 'carrier', 'warehouse'] as const)
      for (const coverage of [{}, { [provider]: { ...read, until: minutesAgo(61) } }])
        expect(codes(without(STORED, provider), { ...AT, coverage })).toEqual([]);
  });
});

describe('money', () => {
  test.each<[string, ComparedOrder, string]>([
    [
      'of a cancelled order, not given back',
      { ...CANCELLED, records: [payment(1_000)] },
      'PAID_WITHOUT_ORDER order-7/payment/1 1000',
    ],
    [
      'of a cancelled order, not given back by our ledger either',
      { ...CANCELLED, money: [money(1_000)], records: [payment(1_000)] },
      'PAID_WITHOUT_ORDER order-7/payment/1 1000',
    ],
    [
      'of a cancelled order, given back in part',
      { ...CANCELLED, records: [payment(1_000, 400)] },
      'PAID_WITHOUT_ORDER order-7/payment/1 600',
    ],
    [
      'taken again by an attempt that was undone',
      {
        ...PAID,
        steps: [...PAID.steps, step('payment', 'UNDONE', 2)],
        records: [...PAID.records, payment(1_000, 0, 2)],
      },
      'PAID_WITHOUT_ORDER order-7/payment/2 1000',
    ],
    [
      'under a key that no step has',
      without(PAID, 'payment', payment(1_000), { ...payment(300, 0, 2), key: 'by-hand' }),
      'PAID_WITHOUT_ORDER payment/payment-2 300',
    ],
    ['that the provider does not have', without(PAID, 'payment'), 'PAYMENT_MISSING order-7/payment/1 1000'],
    [
      'that was only opened',
      without(PAID, 'payment', { ...payment(0), status: 'open' }),
      'PAYMENT_MISSING order-7/payment/1 1000',
    ],
    ['of which we have no charge', { ...PAID, money: [] }, 'AMOUNT_DIFFERS order-7/payment/1 1000'],
    [
      'of an order that is paid by its status alone',
      { ...without(PAID, 'payment'), money: [] },
      'PAYMENT_MISSING order-7 1000',
    ],
    [
      'that was given back by hand',
      without(PAID, 'payment', payment(1_000, 1_000)),
      'AMOUNT_DIFFERS order-7/payment/1 1000',
    ],
    ['of another amount', { ...PAID, money: [money(900)] }, 'AMOUNT_DIFFERS order-7/payment/1 100'],
    [
      'taken twice under one key',
      without(PAID, 'payment', payment(1_000), { ...payment(1_000), ref: 'again' }),
      'AMOUNT_DIFFERS order-7/payment/1 1000',
    ],
    [
      'of another currency',
      without(PAID, 'payment', { ...payment(1_000), currency: 'USD' }),
      'AMOUNT_DIFFERS order-7/payment/1 1000',
    ],
  ])('%s', (_, order, expected) => {
    expect(codes(order)).toEqual([expected]);
  });

  test('of an order that we do not have', () => {
    const [difference] = differencesOfUnknown([payment(1_000)], AT);
    expect(difference?.finding).toMatchObject({
      ...{ code: 'PAID_WITHOUT_ORDER', subject: 'payment/payment-1', amountAtRiskMinor: 1_000, isFixable: false },
      evidence: { unknownOrder: 7 },
    });
    expect(difference?.finding).not.toHaveProperty('orderId');
    expect(differencesOfUnknown([payment(1_000, 1_000)], AT)).toEqual([]);
  });

  test('under a key that no step has is no part of what is under way', () => {
    const foreign = { ...payment(300, 0, 2), key: 'by-hand' };
    const moving = { ...PAID, sagaState: 'RUNNING', records: [...PAID.records, foreign] } as const;
    expect(codes(moving)).toEqual(['PAID_WITHOUT_ORDER payment/payment-2 300']);
  });
});

describe('goods', () => {
  const lost = { ...REFUNDED, refundedFrom: 'IN_TRANSIT' } as const;
  test.each<[string, ComparedOrder, string]>([
    [
      'a parcel of a cancelled order',
      without(CANCELLED, 'carrier', goods('carrier', 'CREATED')),
      'LIVE_PARCEL order-7/shipment/1 1000',
    ],
    [
      'a parcel under a key that no step has',
      without(CANCELLED, 'carrier', goods('carrier', 'CREATED', 4)),
      'LIVE_PARCEL order-7/shipment/4 1000',
    ],
    [
      'a second parcel of a paid order',
      {
        ...PAID,
        steps: [...PAID.steps, step('shipment', 'UNDONE', 2)],
        records: [...PAID.records, goods('carrier', 'CREATED', 2)],
      },
      'LIVE_PARCEL order-7/shipment/2 1000',
    ],
    [
      'a parcel on its way whose order was refunded',
      without(lost, 'carrier', goods('carrier', 'IN_TRANSIT')),
      'LIVE_PARCEL order-7/shipment/1 1000',
    ],
    [
      'storage of a cancelled order',
      { ...CANCELLED, records: [...CANCELLED.records, goods('warehouse', 'STORED')] },
      'LIVE_STORAGE order-7/warehouse/1 1000',
    ],
    ['no parcel of a paid order', without(PAID, 'carrier'), 'PARCEL_MISSING order-7/shipment/1 1000'],
    [
      'a cancelled parcel of a paid order',
      without(PAID, 'carrier', goods('carrier', 'CANCELLED')),
      'PARCEL_MISSING order-7/shipment/1 1000',
    ],
    ['no storage of a stored order', without(STORED, 'warehouse'), 'STORAGE_MISSING order-7/warehouse/1 1000'],
  ])('%s', (_, order, expected) => {
    expect(codes(order)).toEqual([expected]);
  });

  test('a parcel that was given up as lost, and has arrived, is no finding', () => {
    expect(codes(lost)).toEqual([]);
  });

  test('parcels and storages of an order that we do not have', () => {
    const records = [goods('carrier', 'CREATED'), goods('carrier', 'DELIVERED', 2), goods('warehouse', 'STORED')];
    expect(differencesOfUnknown(records, AT).map(({ finding }) => `${finding.code} ${finding.subject}`)).toEqual([
      'LIVE_PARCEL shipment/carrier-1',
      'LIVE_STORAGE warehouse/warehouse-1',
    ]);
  });
});
