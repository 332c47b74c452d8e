import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import { providerRefSchema } from '../contracts/provider-api';
import { codeOr } from '../domain/provider-code';
import { KeyClosed, ProviderRefused, ProviderUnavailable } from './errors';
import { failureByResponse, failureWithoutAnswer } from './http-failure';
import type { PaymentProvider, PaymentRequest, PaymentState } from './payment';

export interface StripeOptions {
  secretKey: string;
  /** How long one request may take. */
  timeoutMs: number;
  /** Another server than Stripe's own, e.g. http://127.0.0.1:12111. */
  url?: string;
}

/** Card payments as PaymentIntents; the refunds of an intent, not our memory, say what was given back. */
export function stripePayments(options: StripeOptions): PaymentProvider {
  const stripe = clientOf(options);

  async function lookup(ref: string): Promise<PaymentState> {
    const intent = await asking('look up', () => stripe.paymentIntents.retrieve(ref));
    if (intent.status !== 'succeeded') return stateOf(intent);
    const { refundedMinor } = await refundsOf(ref);
    return refundedMinor >= intent.amount_received ? { status: 'closed', refundedMinor } : stateOf(intent);
  }

  async function confirm(ref: string): Promise<PaymentState> {
    let failure: unknown;
    try {
      const intent = await stripe.paymentIntents.confirm(ref, {}, { idempotencyKey: `${ref}:confirm` });
      if (!wasReplayed(intent.lastResponse.headers)) return stateOf(intent);
    } catch (error) {
      const settled =
        isUnexpectedState(error) || (error instanceof Stripe.errors.StripeError && wasReplayed(error.headers));
      if (!settled) return declineOf(error) ?? rethrow('confirm', error);
      failure = error;
    }
    // A replayed answer tells how it stood at the first call, which a refund or a webhook may have overtaken.
    const now = await lookup(ref);
    if (now.status === 'closed') throw new KeyClosed('confirm: the payment is closed');
    if (now.status === 'open' && isUnexpectedState(failure))
      throw new ProviderUnavailable('confirm: the payment is changing just now', { cause: failure });
    if (now.status === 'open' && failure !== undefined) return rethrow('confirm', failure);
    return now;
  }

  async function close(ref: string): Promise<{ refundedMinor: number }> {
    const intent = await asking('look up', () => stripe.paymentIntents.retrieve(ref));
    if (intent.status === 'canceled') return { refundedMinor: 0 };
    if (intent.status === 'succeeded') return refund(ref, intent.amount_received);
    try {
      // Without a key of ours: a refusal while the intent is processing must not be replayed once it can be cancelled.
      await stripe.paymentIntents.cancel(ref);
      return { refundedMinor: 0 };
    } catch (error) {
      if (!isUnexpectedState(error)) return rethrow('cancel', error);
      throw new ProviderUnavailable('cancel: the payment is settling just now', { cause: error });
    }
  }

  async function refund(ref: string, receivedMinor: number): Promise<{ refundedMinor: number }> {
    const before = await refundsOf(ref);
    if (before.refundedMinor >= receivedMinor) return { refundedMinor: before.refundedMinor };
    // A refund by hand makes this call succeed again; a second one by us would fail like the first.
    if (before.failed) throw new ProviderRefused('UNDO_REFUSED', `refund: ${before.failed}`);
    const made = await asking('refund', () =>
      stripe.refunds.create({ payment_intent: ref }, { idempotencyKey: `${ref}:refund` }),
    );
    if (!counts(made)) throw new ProviderRefused('UNDO_REFUSED', `refund: ${reasonOf(made)}`);
    return { refundedMinor: before.refundedMinor + made.amount };
  }

  async function refundsOf(ref: string): Promise<{ refundedMinor: number; failed: string | undefined }> {
    const { data } = await asking('look up', () => stripe.refunds.list({ payment_intent: ref, limit: 100 }));
    const failed = data.find((refund) => !counts(refund));
    return {
      refundedMinor: data.filter(counts).reduce((sum, refund) => sum + refund.amount, 0),
      failed: failed && reasonOf(failed),
    };
  }

  return {
    open: (request, signal) => within(signal, () => open(stripe, request)),
    confirm: (ref, signal) => within(signal, () => confirm(ref)),
    lookup: (ref, signal) => within(signal, () => lookup(ref)),
    close: (ref, signal) => within(signal, () => close(ref)),
  };
}

async function open(stripe: Stripe, request: PaymentRequest): Promise<{ ref: string }> {
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
    return { ref: refOf(intent) };
  } catch (error) {
    const aboutToken =
      error instanceof Stripe.errors.StripeInvalidRequestError && error.param?.startsWith('payment_method');
    if (aboutToken)
      throw new ProviderRefused('INVALID_TOKEN', 'open: Stripe does not know this payment method', { cause: error });
    return rethrow('open', error, 'write');
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

function stateOf(intent: Stripe.PaymentIntent): PaymentState {
  switch (intent.status) {
    case 'succeeded':
      return { status: 'captured', capturedMinor: intent.amount_received };
    case 'processing':
      return { status: 'processing' };
    case 'canceled':
      return { status: 'closed', refundedMinor: 0 };
    case 'requires_action':
      return declined('authentication_required');
    case 'requires_payment_method': {
      const error = intent.last_payment_error;
      return error ? declined(error.code) : { status: 'open' };
    }
    default:
      return { status: 'open' };
  }
}

/** Only what Stripe itself says of the card; the library makes a card error of any 402, also of a gateway's. */
function declineOf(error: unknown): PaymentState | undefined {
  return error instanceof Stripe.errors.StripeCardError && error.rawType === 'card_error'
    ? declined(error.code)
    : undefined;
}

function declined(code: string | undefined): PaymentState {
  return { status: 'declined', code: codeOr('CARD_DECLINED', code?.toUpperCase()) };
}

function refOf(intent: Stripe.PaymentIntent): string {
  const ref = providerRefSchema.safeParse(intent.id);
  if (ref.success) return ref.data;
  throw failureWithoutAnswer('open', ref.error, 'write');
}

/** A pending refund is on its way; only a failed or cancelled one gave nothing back. */
function counts(refund: Stripe.Refund): boolean {
  return refund.status !== 'failed' && refund.status !== 'canceled';
}

function reasonOf(refund: Stripe.Refund): string {
  return codeOr('failed or cancelled', refund.failure_reason);
}

/** By type: a record from errors, a Headers object from answers of the fetch client. */
function wasReplayed(headers: Record<string, string> | undefined): boolean {
  return new Headers(headers).get('idempotent-replayed') === 'true';
}

function isUnexpectedState(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'payment_intent_unexpected_state';
}

async function asking<T>(call: 'look up' | 'refund', request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    return rethrow(call, error, call === 'look up' ? 'read' : 'write');
  }
}

function rethrow(call: string, error: unknown, effect: 'read' | 'write' = 'write'): never {
  if (error instanceof Stripe.errors.StripeConnectionError) throw failureWithoutAnswer(call, error.detail, effect);
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const isStripesWord = error.rawType !== undefined;
  const code = error instanceof Stripe.errors.StripeIdempotencyError ? 'KEY_REUSED' : error.code?.toUpperCase();
  throw failureByResponse(
    call,
    {
      status: error.statusCode ?? 500,
      code: isStripesWord ? codeOr('INVALID_REQUEST', code) : undefined,
      retryAfter: error.headers?.['retry-after'],
      cause: error,
    },
    { effect },
  );
}

// The SDK takes no signal per request; the async context carries it to the fetch that the request makes.
const callerSignal = new AsyncLocalStorage<AbortSignal | undefined>();

async function within<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  return callerSignal.run(signal, call);
}

function clientOf({ secretKey, timeoutMs, url }: StripeOptions): Stripe {
  const server = url === undefined ? undefined : new URL(url);
  const plain = server?.protocol === 'http:';
  const httpClient = Stripe.createFetchHttpClient((input: string | URL | Request, init?: RequestInit) => {
    const signals = [callerSignal.getStore(), init?.signal].filter((signal) => signal != null);
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  });
  return new Stripe(secretKey, {
    httpClient,
    timeout: timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    ...(server && {
      host: server.hostname,
      protocol: plain ? 'http' : 'https',
      port: server.port || (plain ? 80 : 443),
    }),
  });
}
