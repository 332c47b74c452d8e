/** How a call to a provider can end without a response that settles it. */

/**
 * The provider said no, for good, by a code that its adapter lists: CARD_DECLINED, SHIPMENT_REFUSED, UNDO_REFUSED, ...
 * Nothing else is a refusal.
 */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Nothing happens under this key or ref any more: it was cancelled or closed before. */
export class KeyClosed extends Error {
  override readonly name = 'KeyClosed';
}

/** No usable response yet: overloaded, unreachable, failing, or a gateway responded instead. Says nothing about the effect; retry. */
export class ProviderUnavailable extends Error {
  readonly code = 'PROVIDER_UNAVAILABLE';
  override readonly name = 'ProviderUnavailable';
  /** The gap the provider asked for before the next call. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Our credentials are refused. Says nothing about the order or the effect; accepted again, the same call goes through. */
export class CredentialsRefused extends Error {
  readonly code = 'CREDENTIALS_REFUSED';
  override readonly name = 'CredentialsRefused';
}

/** The provider understood that our request is wrong: a fault of ours, which only people can mend. */
export class RequestRejected extends Error {
  override readonly name = 'RequestRejected';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The request was sent and no response came back: it may have happened. Look up before anything else. */
export class OutcomeUnknown extends Error {
  readonly code = 'OUTCOME_UNKNOWN';
  override readonly name = 'OutcomeUnknown';
}
