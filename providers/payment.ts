/** Where a payment stands; amounts in minor units of its currency. */
export type PaymentState =
  | { status: 'open' }
  | { status: 'processing' }
  | { status: 'captured'; capturedMinor: number }
  | { status: 'declined'; code: string }
  | { status: 'closed'; refundedMinor: number };

export interface PaymentRequest {
  /** The business key, `{orderId}:{step}:{attempt}`. */
  key: string;
  orderId: number;
  amountMinor: number;
  /** ISO 4217. */
  currency: string;
  token: string;
}

/**
 * What a real payment provider can promise. Every call throws ProviderRefused, ProviderUnavailable or OutcomeUnknown
 * when it has no answer to give; a signal that is aborted before the request leaves throws the signal's reason.
 */
export interface PaymentProvider {
  /**
   * Opens a payment under the business key; moves no money; the same key gives the same ref.
   * Providers forget keys (Stripe after 24 hours): save the ref as soon as it is known and never open again once it is.
   */
  open(request: PaymentRequest, signal?: AbortSignal): Promise<{ ref: string }>;
  /** Captures; the same ref twice is one charge. 'processing' is not final: look up later, don't confirm again. Closed: refused CLOSED. */
  confirm(ref: string, signal?: AbortSignal): Promise<PaymentState>;
  lookup(ref: string, signal?: AbortSignal): Promise<PaymentState>;
  /** Cancels, or refunds what was captured; a closed ref never captures. Gives the total refunded of this ref, also on repetition. */
  close(ref: string, signal?: AbortSignal): Promise<{ refundedMinor: number }>;
}
