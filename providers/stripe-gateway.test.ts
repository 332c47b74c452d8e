import { CredentialsRefused, OutcomeUnknown, ProviderUnavailable } from './errors';
import {
  CANCEL,
  CONFIRM,
  fakeStripe,
  intent,
  OPEN,
  READ,
  REFUND,
  REFUNDS,
  refunds,
  type StripeResponse,
} from './fake-stripe';

const stripe = fakeStripe();

describe('a gateway in front of Stripe', () => {
  const request = { key: '7:payment:1', orderId: 7, amountMinor: 5000, currency: 'KRW', token: 'pm_card_visa' };
  const others = (intent('canceled') as { body: object }).body;
  const notStripes: [string, string | object][] = [
    ['nothing', ''],
    ['HTML', '<html>welcome</html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no field at all', {}],
    ['an error that is none', { error: 5 }],
    ['an error under a success', { error: { type: 'card_error', code: 'card_declined', message: 'no' } }],
    ['a state that Stripe does not have', { ...others, status: 'ok' }],
    ['an amount that is none', { ...others, status: 'succeeded', amount_received: '5000' }],
  ];

  it.each(notStripes)('200 with %s: a call may have happened, a read has no response', async (_, body) => {
    const lie = { body };
    stripe.responses = { [OPEN]: [lie], [CONFIRM]: [lie], [READ]: [lie, lie] };
    await expect(stripe.payments.open(request)).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(stripe.payments.lookup('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it.each(notStripes)('200 with %s gives no money back', async (_, body) => {
    const lie = { body };
    stripe.responses[READ] = [intent('requires_confirmation'), intent('succeeded'), intent('succeeded')];
    stripe.responses[CANCEL] = [lie];
    stripe.responses[REFUNDS] = [lie, refunds()];
    stripe.responses[REFUND] = [lie];
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('a cancel that did not cancel, and the payment of somebody else, are no responses', async () => {
    stripe.responses[READ] = [intent('requires_confirmation'), intent('canceled', { id: 'pi_2' })];
    stripe.responses[CANCEL] = [intent('requires_confirmation')];
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it.each([
    [401, CredentialsRefused],
    [403, CredentialsRefused],
    [404, ProviderUnavailable],
    [502, ProviderUnavailable],
  ])('HTML with %i is what its status says', async (status, expected) => {
    stripe.responses[CONFIRM] = [{ status, body: '<html>' }];
    stripe.responses[READ] = [{ status, body: '<html>' }];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(expected);
    await expect(stripe.payments.close('pi_1')).rejects.toBeInstanceOf(expected);
    stripe.responses[CONFIRM] = [{ status, body: (intent('succeeded') as StripeResponse).body ?? '' }];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(expected);
  });

  it('does not follow a redirect', async () => {
    stripe.responses[CONFIRM] = [{ status: 307, headers: { location: '/v1/refunds' } }];
    await expect(stripe.payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(stripe.seen).toHaveLength(1);
  });
});
