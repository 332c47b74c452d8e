import Stripe from 'stripe';
import type { OpenPaymentRequest, PaymentFacts, PaymentState } from '../contracts/provider-api';
import { KeyClosed, OutcomeUnknown, ProviderRefused, ProviderUnavailable } from './errors';
import type { PaymentProvider } from './payment';
import { asking, rethrow, type StripeOptions, stripeClient, usable, within } from './stripe-client';
import { factsOf, listPayments, moneyIntentSchema } from './stripe-list';
import {
  counts,
  declined,
  type Intent,
  intentSchema,
  type Refund,
  refundListSchema,
  refundSchema,
  stateOf,
  sumOf,
} from './stripe-objects';

/** Card payments as PaymentIntents; the refunds of an intent, not our memory, say what was given back. */
export function stripePayments(options: StripeOptions): PaymentProvider {
  const stripe = stripeClient(options);

  const intentOf = (ref: string) =>
    asking('look up', 'read', intentSchema(ref), () => stripe.paymentIntents.retrieve(ref));

  async function lookup(ref: string): Promise<PaymentState> {
    const intent = await intentOf(ref);
    if (intent.status !== 'succeeded') return stateOf(intent);
    const { refundedMinor } = await refundsOf(ref);
    return refundedMinor >= intent.amount_received ? { status: 'closed', refundedMinor } : stateOf(intent);
  }

  async function confirm(ref: string): Promise<PaymentState> {
    let failure: unknown;
    try {
      const intent = await stripe.paymentIntents.confirm(ref, {}, { idempotencyKey: `${ref}:confirm` });
      if (!wasReplayed(intent.lastResponse.headers))
        return stateOf(usable('confirm', 'write', intentSchema(ref), intent));
    } catch (error) {
      if (error instanceof OutcomeUnknown) throw error;
      const settled =
        isUnexpectedState(error) || (error instanceof Stripe.errors.StripeError && wasReplayed(error.headers));
      if (!settled) return declineOf(error) ?? rethrow('confirm', error);
      failure = error;
    }
    // A replayed response has the state of the first call, which a refund or a webhook may have overtaken.
    const now = await lookup(ref);
    if (now.status === 'closed') throw new KeyClosed('confirm: the payment is closed');
    if (now.status === 'open' && isUnexpectedState(failure))
      throw new ProviderUnavailable('confirm: the payment is changing just now', { cause: failure });
    if (now.status === 'open' && failure !== undefined) return rethrow('confirm', failure);
    return now;
  }

  async function close(ref: string): Promise<{ refundedMinor: number }> {
    const intent = await intentOf(ref);
    if (intent.status === 'canceled') return { refundedMinor: 0 };
    if (intent.status === 'succeeded') return refund(ref, intent.amount_received);
    try {
      // Without a key of ours: a refusal while the intent is processing must not be replayed once it can be cancelled.
      const cancelled = usable('cancel', 'write', intentSchema(ref), await stripe.paymentIntents.cancel(ref));
      if (cancelled.status === 'canceled') return { refundedMinor: 0 };
    } catch (error) {
      if (!isUnexpectedState(error)) return rethrow('cancel', error);
    }
    throw new ProviderUnavailable('cancel: the payment is settling just now');
  }

  async function refund(ref: string, receivedMinor: number): Promise<{ refundedMinor: number }> {
    const before = await refundsOf(ref);
    if (before.refundedMinor >= receivedMinor) return { refundedMinor: before.refundedMinor };
    // A refund by hand makes this call succeed again; a second one by us would fail like the first.
    if (before.failed) throw new ProviderRefused('UNDO_REFUSED', `refund: ${before.failed}`);
    const made = await asking('refund', 'write', refundSchema, () =>
      stripe.refunds.create({ payment_intent: ref }, { idempotencyKey: `${ref}:refund` }),
    );
    if (!counts(made)) throw new ProviderRefused('UNDO_REFUSED', `refund: ${reasonOf(made)}`);
    return { refundedMinor: before.refundedMinor + made.amount };
  }

  async function refundsOf(ref: string): Promise<{ refundedMinor: number; failed: string | undefined }> {
    const { data } = await asking('look up', 'read', refundListSchema, () =>
      stripe.refunds.list({ payment_intent: ref, limit: 100 }),
    );
    const failed = data.find((refund) => !counts(refund));
    return {
      refundedMinor: sumOf(data),
      failed: failed && reasonOf(failed),
    };
  }

  async function find(ref: string): Promise<PaymentFacts | undefined> {
    let intent: Intent & { currency: string };
    try {
      intent = usable('find', 'read', moneyIntentSchema(ref), await stripe.paymentIntents.retrieve(ref));
    } catch (error) {
      return isMissing(error) ? undefined : rethrow('find', error, 'read');
    }
    return factsOf(intent, intent.status === 'succeeded' ? (await refundsOf(ref)).refundedMinor : 0);
  }

  return {
    open: (request, signal) => within(signal, () => open(stripe, request)),
    confirm: (ref, signal) => within(signal, () => confirm(ref)),
    lookup: (ref, signal) => within(signal, () => lookup(ref)),
    close: (ref, signal) => within(signal, () => close(ref)),
    find: (ref, signal) => within(signal, () => find(ref)),
    list: (since, cursor, signal) => within(signal, () => listPayments(stripe, refundsOf, since, cursor)),
  };
}

async function open(stripe: Stripe, request: OpenPaymentRequest): Promise<{ ref: string }> {
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount: request.amountMinor,
        currency: request.currency.toLowerCase(),
        ...methodOf(request.token),
        allowed_payment_method_types: ['card'],
        capture_method: 'automatic',
        confirm: false,
        metadata: { orderId: String(request.orderId), key: request.key },
      },
      { idempotencyKey: request.key },
    );
    return { ref: usable('open', 'write', intentSchema(), intent).id };
  } catch (error) {
    const aboutToken =
      error instanceof Stripe.errors.StripeInvalidRequestError && error.param?.startsWith('payment_method');
    if (aboutToken)
      throw new ProviderRefused('INVALID_TOKEN', 'open: Stripe does not know this payment method', { cause: error });
    return rethrow('open', error);
  }
}

/** Checkout pages give either a payment method (pm_) or the older one-time card token (tok_). */
function methodOf(token: string): Pick<Stripe.PaymentIntentCreateParams, 'payment_method' | 'payment_method_data'> {
  // A card by token is documented for payment methods, yet missing in the types of an intent's payment_method_data.
  const card: object = { type: 'card', card: { token } };
  return token.startsWith('tok_')
    ? { payment_method_data: card as Stripe.PaymentIntentCreateParams.PaymentMethodData }
    : { payment_method: token };
}

/** Only what Stripe itself says of the card; the library makes a card error of any 402, also of a gateway's. */
function declineOf(error: unknown): PaymentState | undefined {
  return error instanceof Stripe.errors.StripeCardError && error.rawType === 'card_error'
    ? declined(error.code)
    : undefined;
}

function reasonOf(refund: Refund): string {
  return refund.failure_reason ?? `the refund ${refund.id} is ${refund.status}`;
}

/** By type: a record from errors, a Headers object from responses of the fetch client. */
function wasReplayed(headers: Record<string, string> | undefined): boolean {
  return new Headers(headers).get('idempotent-replayed') === 'true';
}

function isUnexpectedState(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'payment_intent_unexpected_state';
}

/** Stripe's own word that there is no such payment; a gateway's 404 has no such type. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    error.statusCode === 404 &&
    error.rawType === 'invalid_request_error' &&
    error.code === 'resource_missing'
  );
}
