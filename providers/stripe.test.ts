import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CredentialsRefused, KeyClosed, OutcomeUnknown, ProviderUnavailable } from './errors';
import {
  CANCEL,
  CONFIRM,
  declinedCard,
  failure,
  fakeStripe,
  intent,
  OPEN,
  READ,
  REFUND,
  REFUNDS,
  refunded,
  refunds,
  replayed,
  unexpectedState,
} from './fake-stripe';
import { stripePayments } from './stripe';

const stripe = fakeStripe();

describe('open', () => {
  const request = { key: '7:payment:1', orderId: 7, amountMinor: 5000, currency: 'KRW', token: 'pm_card_visa' };

  it('creates an unconfirmed card intent under the business key', async () => {
    stripe.responses[OPEN] = [intent('requires_confirmation')];
    expect(await stripe.payments.open(request)).toEqual({ ref: 'pi_1' });
    expect(stripe.seen[0]?.headers['idempotency-key']).toBe('7:payment:1');
    expect(stripe.seen[0]?.headers.authorization).toBe('Bearer sk_test_1');
    expect(stripe.seen[0]?.form).toEqual({
      amount: '5000',
      currency: 'krw',
      payment_method: 'pm_card_visa',
      'allowed_payment_method_types[0]': 'card',
      capture_method: 'automatic',
      confirm: 'false',
      'metadata[orderId]': '7',
      'metadata[key]': '7:payment:1',
    });
  });

  it('turns a one-time card token into a payment method', async () => {
    stripe.responses[OPEN] = [intent('requires_confirmation')];
    await stripe.payments.open({ ...request, token: 'tok_visa' });
    const expected = { 'payment_method_data[type]': 'card', 'payment_method_data[card][token]': 'tok_visa' };
    expect(stripe.seen[0]?.form).toMatchObject(expected);
  });

  it('maps the responses of Stripe', async () => {
    const missing = { type: 'invalid_request_error', code: 'resource_missing', param: 'payment_method', message: 'no' };
    stripe.responses[OPEN] = [
      failure(400, missing),
      failure(400, { type: 'idempotency_error', message: 'other parameters' }),
      failure(400, { type: 'invalid_request_error', code: 'amount_too_small', message: 'no' }),
      failure(401, { type: 'invalid_request_error', message: 'Invalid API Key' }),
      failure(403, { type: 'invalid_request_error', message: 'this key may not' }),
      failure(400, { message: 'bad gateway configuration' }),
      failure(402, { message: 'the plan of this gateway has run out' }),
      failure(404, { type: 'invalid_request_error', code: 'resource_missing', message: 'no such page' }),
      failure(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use', message: 'busy' }),
      failure(429, { code: 'rate_limit', message: 'slow down' }, { 'retry-after': '2' }),
      failure(500, { type: 'api_error', message: 'oops' }),
    ];
    await expect(stripe.payments.open(request)).rejects.toMatchObject({
      name: 'ProviderRefused',
      code: 'INVALID_TOKEN',
    });
    await expect(stripe.payments.open(request)).rejects.toMatchObject({ name: 'RequestRejected', code: 'KEY_REUSED' });
    await expect(stripe.payments.open(request)).rejects.toMatchObject({
      name: 'RequestRejected',
      code: 'AMOUNT_TOO_SMALL',
    });
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(CredentialsRefused);
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(CredentialsRefused);
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.open(request)).rejects.toMatchObject({
      name: 'ProviderUnavailable',
      retryAfterMs: 2000,
    });
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(stripe.seen).toHaveLength(11);
  });
});

describe('confirm', () => {
  it('captures under a key of its own', async () => {
    stripe.responses[CONFIRM] = [intent('succeeded')];
    expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(stripe.seen[0]?.headers['idempotency-key']).toBe('pi_1:confirm');
  });

  it('reports a decline, a bank that asks the customer, and a payment that is not settled yet', async () => {
    stripe.responses[CONFIRM] = [failure(402, declinedCard), intent('requires_action'), intent('processing')];
    expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'declined', code: 'CARD_DECLINED' });
    expect(await stripe.payments.confirm('pi_1')).toMatchObject({
      status: 'declined',
      code: 'AUTHENTICATION_REQUIRED',
    });
    expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'processing' });
  });

  it('what is no code is replaced by one of ours, and no word of the provider is passed on', async () => {
    for (const code of ['card number 4111 was declined', 'a\u0000b', 'x'.repeat(65), '4111111111111111', '']) {
      stripe.responses[CONFIRM] = [failure(402, { ...declinedCard, code })];
      expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'declined', code: 'CARD_DECLINED' });
    }
  });

  it('does not take a gateway for a bank: 402 without a card error is no decline', async () => {
    stripe.responses[CONFIRM] = [failure(402, { message: 'payment required' })];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('no response: OutcomeUnknown, not asked twice; unreachable: ProviderUnavailable', async () => {
    const leave = new AbortController();
    stripe.responses[CONFIRM] = ['no response', 'reset', () => leave.abort()];
    await expect(stripe.hasty.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(stripe.payments.confirm('pi_1', leave.signal)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(stripe.seen).toHaveLength(3);
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const nowhere = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 10_000, url: `http://127.0.0.1:${port}` });
    await expect(nowhere.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('does not believe a replayed response: a refunded payment is closed, a settled one captured', async () => {
    const old = { ...(intent('succeeded') as object), headers: replayed };
    stripe.responses[CONFIRM] = [old, { ...(intent('processing') as object), headers: replayed }];
    stripe.responses[READ] = [intent('succeeded'), intent('succeeded')];
    stripe.responses[REFUNDS] = [refunds({ status: 'succeeded', amount: 5000 }), refunds()];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(KeyClosed);
    expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
  });

  it('looks up an intent that cannot be confirmed any more', async () => {
    stripe.responses[CONFIRM] = [failure(400, unexpectedState), failure(400, unexpectedState)];
    stripe.responses[READ] = [
      intent('canceled'),
      intent('requires_payment_method', { last_payment_error: declinedCard }),
    ];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(KeyClosed);
    expect(await stripe.payments.confirm('pi_1')).toMatchObject({ status: 'declined', code: 'CARD_DECLINED' });
  });

  it('a replayed failure of Stripe is no failure when the money moved, and no decline when it did not', async () => {
    const oops = failure(500, { type: 'api_error', message: 'oops' }, replayed);
    stripe.responses[CONFIRM] = [oops, oops];
    stripe.responses[READ] = [intent('succeeded'), intent('requires_confirmation')];
    stripe.responses[REFUNDS] = [refunds()];
    expect(await stripe.payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('lookup', () => {
  it('reports each state', async () => {
    const last_payment_error = declinedCard;
    stripe.responses[READ] = [
      intent('requires_confirmation'),
      intent('requires_payment_method', { last_payment_error }),
      intent('canceled'),
      intent('succeeded'),
      intent('succeeded'),
      'no response',
    ];
    stripe.responses[REFUNDS] = [
      refunds({ status: 'failed', amount: 5000 }),
      refunds({ status: 'pending', amount: 5000 }),
    ];
    expect(await stripe.payments.lookup('pi_1')).toEqual({ status: 'open' });
    expect(await stripe.payments.lookup('pi_1')).toMatchObject({ status: 'declined', code: 'CARD_DECLINED' });
    expect(await stripe.payments.lookup('pi_1')).toEqual({ status: 'closed', refundedMinor: 0 });
    expect(await stripe.payments.lookup('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(await stripe.payments.lookup('pi_1')).toEqual({ status: 'closed', refundedMinor: 5000 });
    await expect(stripe.hasty.lookup('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('close', () => {
  it('cancels what was not captured, under no key that could replay a refusal', async () => {
    stripe.responses[READ] = [intent('requires_payment_method'), intent('canceled')];
    stripe.responses[CANCEL] = [intent('canceled')];
    expect(await stripe.payments.close('pi_1')).toEqual({ refundedMinor: 0 });
    expect(await stripe.payments.close('pi_1')).toEqual({ refundedMinor: 0 });
    expect(stripe.seen.map(({ call }) => call)).toEqual([READ, CANCEL, READ]);
    expect(stripe.seen[1]?.headers['idempotency-key']).not.toMatch(/^pi_1/);
  });

  it('refunds what was captured once, a pending refund included', async () => {
    stripe.responses[READ] = [intent('succeeded'), intent('succeeded')];
    stripe.responses[REFUNDS] = [refunds(), refunds({ status: 'pending', amount: 5000 })];
    stripe.responses[REFUND] = [refunded({ status: 'pending', amount: 5000 })];
    expect(await stripe.payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
    expect(await stripe.payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
    const made = stripe.seen.filter(({ call }) => call === REFUND);
    expect(made).toHaveLength(1);
    expect(made[0]?.form).toEqual({ payment_intent: 'pi_1' });
    expect(made[0]?.headers['idempotency-key']).toBe('pi_1:refund');
  });

  it('adds a refund made by hand to the total', async () => {
    stripe.responses[READ] = [intent('succeeded')];
    stripe.responses[REFUNDS] = [refunds({ status: 'succeeded', amount: 2000 })];
    stripe.responses[REFUND] = [refunded({ status: 'succeeded', amount: 3000 })];
    expect(await stripe.payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
  });

  it('a failed refund, seen now or later: UNDO_REFUSED', async () => {
    stripe.responses[READ] = [intent('succeeded'), intent('succeeded')];
    stripe.responses[REFUNDS] = [refunds(), refunds({ status: 'failed', amount: 5000 })];
    stripe.responses[REFUND] = [refunded({ status: 'failed', amount: 5000, failure_reason: 'lost_or_stolen_card' })];
    const refused = { name: 'ProviderRefused', code: 'UNDO_REFUSED' };
    await expect(stripe.payments.close('pi_1')).rejects.toMatchObject(refused);
    await expect(stripe.payments.close('pi_1')).rejects.toMatchObject(refused);
  });

  it('an intent that is settling just now: try again later', async () => {
    stripe.responses[READ] = [intent('processing')];
    stripe.responses[CANCEL] = [failure(400, unexpectedState)];
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});
