import {
  closePaymentResponseSchema,
  findPaymentResponseSchema,
  type ListedPayment,
  listedPaymentSchema,
  type OpenPaymentRequest,
  openPaymentResponseSchema,
  type PaymentFacts,
  type PaymentState,
  paymentStateSchema,
} from '../contracts/provider-api';
import { type HttpCall, UNDO } from './http-call';
import { type List, listOverHttp } from './list';

/**
 * What a real payment provider can promise. Every call throws ProviderRefused, ProviderUnavailable or OutcomeUnknown
 * when it has no response to give; a signal that is aborted before the request leaves throws the signal's reason.
 */
export interface PaymentProvider {
  /**
   * Opens a payment under the business key; moves no money; the same key gives the same ref.
   * Providers forget keys (Stripe after 24 hours): save the ref as soon as it is known and never open again once it is.
   */
  open(request: OpenPaymentRequest, signal?: AbortSignal): Promise<{ ref: string }>;
  /** Captures; the same ref twice is one charge. 'processing' is not final: look up later, don't confirm again. Closed: refused CLOSED. */
  confirm(ref: string, signal?: AbortSignal): Promise<PaymentState>;
  lookup(ref: string, signal?: AbortSignal): Promise<PaymentState>;
  /** Cancels, or refunds what was captured; a closed ref never captures. Gives the total refunded of this ref, also on repetition. */
  close(ref: string, signal?: AbortSignal): Promise<{ refundedMinor: number }>;
  /** What the provider has of a payment now, a refund by hand included; undefined: in its own words, it has none. */
  find(ref: string, signal?: AbortSignal): Promise<PaymentFacts | undefined>;
  /** Payments that carry our key; one of which no money has ever moved may be missing. */
  list: List<ListedPayment>;
}

export function paymentOverHttp(call: HttpCall): PaymentProvider {
  const payments = '/payment/payments';
  const pathOf = (ref: string) => `${payments}/${encodeURIComponent(ref)}`;
  return {
    open(body, signal) {
      const listed = { refused: ['INVALID_TOKEN'] };
      return call('POST', payments, openPaymentResponseSchema, { body, signal, listed });
    },
    confirm(ref, signal) {
      const listed = { closed: ['CLOSED'] };
      return call('POST', `${pathOf(ref)}/confirm`, paymentStateSchema, { signal, listed });
    },
    lookup: (ref, signal) => call('GET', pathOf(ref), paymentStateSchema, { signal }),
    close: (ref, signal) => call('POST', `${pathOf(ref)}/close`, closePaymentResponseSchema, { signal, listed: UNDO }),
    async find(ref, signal) {
      const { payment } = await call('GET', `${pathOf(ref)}/facts`, findPaymentResponseSchema, { signal });
      return payment ?? undefined;
    },
    list: listOverHttp(call, '/payment/changes', listedPaymentSchema),
  };
}
