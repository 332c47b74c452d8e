import { ProviderUnavailable } from './errors';
import { failure, fakeStripe, READ, REFUNDS, refunds, type StripeResponse } from './fake-stripe';

const stripe = fakeStripe();
const since = new Date('2026-11-29T00:00:00.500Z');

const listed = (path: string, expand: string[], more = '') => {
  const query = expand.map((field, index) => `expand[${index}]=${field}`).join('&');
  return `GET /v1/${path}?created[gte]=1795910400&limit=100&${more}${query}`;
};
const PAYMENT = 'payment_intent';
const CHARGES = (more = '') => listed('charges', [`data.${PAYMENT}`, 'data.refunds'], more);
const MADE_REFUNDS = (more = '') => listed('refunds', [`data.charge.${PAYMENT}`, 'data.charge.refunds'], more);
const FAILURES = listed(
  'balance_transactions',
  [`data.source.charge.${PAYMENT}`, 'data.source.charge.refunds'],
  'type=refund_failure&',
);

const page = (data: object[], has_more = false): StripeResponse => ({ body: { object: 'list', has_more, data } });
const ours = { orderId: '7', key: '7:payment:1' };
const refund = (amount: number, status = 'succeeded') => ({ id: 're_1', object: 'refund', created: 9, amount, status });

function charge(id: string, made: readonly object[] = [], metadata: object = ours) {
  return {
    id: `ch_${id}`,
    object: 'charge',
    created: 1_795_910_500,
    refunds: { object: 'list', has_more: false, data: made },
    payment_intent: {
      id: `pi_${id}`,
      object: 'payment_intent',
      status: 'succeeded',
      amount_received: 5000,
      currency: 'krw',
      metadata,
      latest_charge: `ch_${id}`,
    },
  };
}
const captured = (ref: string) => ({
  key: '7:payment:1',
  orderId: 7,
  ref,
  status: 'captured',
  capturedMinor: 5000,
  refundedMinor: 0,
  currency: 'KRW',
  changedAt: new Date(1_795_910_500_000),
});

/** Every page, as one list. */
async function all() {
  const records = [];
  let cursor: string | undefined;
  do {
    const { records: some, next } = await stripe.payments.list(since, cursor);
    records.push(...some);
    cursor = next;
  } while (cursor !== undefined);
  return records;
}

describe('the payments of a Stripe account', () => {
  it('are those for which a charge, a refund or the failure of a refund was made since', async () => {
    const old = { ...charge('2', [refund(2_000)]), created: 1 };
    const bounced = charge('3', [refund(5_000, 'failed')]);
    stripe.responses = {
      [CHARGES()]: [page([charge('1')], true)],
      [CHARGES('starting_after=ch_1&')]: [page([charge('4')])],
      [MADE_REFUNDS()]: [page([{ ...refund(2_000), created: 1_795_910_600, charge: old }])],
      [FAILURES]: [
        page([
          {
            id: 'txn_1',
            object: 'balance_transaction',
            created: 1_795_910_700,
            source: { ...refund(5_000, 'failed'), charge: bounced },
          },
        ]),
      ],
    };
    expect(await all()).toEqual([
      captured('pi_1'),
      captured('pi_4'),
      { ...captured('pi_2'), refundedMinor: 2_000, changedAt: new Date(1_795_910_600_000) },
      { ...captured('pi_3'), changedAt: new Date(1_795_910_700_000) },
    ]);
  });

  it('have the money of their latest charge, not of one that was declined before', async () => {
    const before = { ...charge('1'), id: 'ch_0' };
    stripe.responses[CHARGES()] = [page([charge('1', [refund(2_000)]), before])];
    const { records } = await stripe.payments.list(since);
    expect(records).toEqual([{ ...captured('pi_1'), refundedMinor: 2_000 }]);
  });

  it('are none of another system, whatever its order numbers', async () => {
    const foreign = [
      charge('1', [], {}),
      charge('2', [], { orderId: '7' }),
      charge('3', [], { orderId: 'X-7', key: '7:payment:1' }),
      { ...charge('4'), payment_intent: null },
    ];
    stripe.responses = { [CHARGES()]: [page(foreign)], [MADE_REFUNDS()]: [page([])], [FAILURES]: [page([])] };
    expect(await all()).toEqual([]);
  });

  it('that were given back are closed; where a charge has more refunds than it shows, they are asked for', async () => {
    const many = charge('1');
    many.refunds = { ...many.refunds, has_more: true };
    stripe.responses = {
      [CHARGES()]: [page([many])],
      [REFUNDS]: [refunds({ status: 'succeeded', amount: 3_000 }, { status: 'pending', amount: 2_000 })],
    };
    const { records } = await stripe.payments.list(since);
    expect(records).toEqual([{ ...captured('pi_1'), status: 'closed', refundedMinor: 5_000 }]);
  });

  it.each<[string, StripeResponse]>([
    ['nothing', { body: '' }],
    ['HTML', { body: '<html>' }],
    ['no field at all', { body: {} }],
    ['a list without its end', { body: { object: 'list', data: [] } }],
    ['more after nothing', page([], true)],
    ['a payment', { body: charge('1') }],
    ['an entry of another kind', page([{ id: 'cus_1', object: 'customer', created: 1 }])],
    [
      'an amount that is none',
      page([{ ...charge('1'), payment_intent: { ...charge('1').payment_intent, amount_received: '1' } }]),
    ],
    ['an error', failure(404, { message: 'no such page' }) as StripeResponse],
  ])('are unknown, and not none, where a gateway responds with %s', async (_, lie) => {
    stripe.responses[CHARGES()] = [lie];
    await expect(stripe.payments.list(since)).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('find', () => {
  const { payment_intent } = charge('1');

  it('has what was captured and what was given back', async () => {
    stripe.responses = {
      [READ]: [{ body: payment_intent }],
      [REFUNDS]: [refunds({ status: 'succeeded', amount: 2_000 })],
    };
    const facts = { status: 'captured', capturedMinor: 5_000, refundedMinor: 2_000, currency: 'KRW' };
    expect(await stripe.payments.find('pi_1')).toEqual(facts);
  });

  it("has nothing only by Stripe's own word", async () => {
    const missing = { type: 'invalid_request_error', code: 'resource_missing', message: 'No such payment_intent' };
    stripe.responses[READ] = [failure(404, missing), failure(404, { message: 'no such page' }), { body: {} }];
    expect(await stripe.payments.find('pi_1')).toBeUndefined();
    await expect(stripe.payments.find('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.find('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});
