/** How a call to a provider can end without an answer that settles it; each with a stable `kind`. */

/** The provider said no, for good: the same call again would be refused again. `code` is e.g. CARD_DECLINED, UNDO_REFUSED. */
export class ProviderRefused extends Error {
  readonly kind = 'PROVIDER_REFUSED';
  override readonly name = 'ProviderRefused';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** No usable answer yet: overloaded, unreachable or failing. Says nothing about whether the call took effect; ask again. */
export class ProviderUnavailable extends Error {
  readonly kind = 'PROVIDER_UNAVAILABLE';
  readonly code = 'PROVIDER_UNAVAILABLE';
  override readonly name = 'ProviderUnavailable';
  /** The gap the provider asked for before the next call. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The request went out and no answer came back: it may have happened. Look up before anything else. */
export class OutcomeUnknown extends Error {
  readonly kind = 'OUTCOME_UNKNOWN';
  readonly code = 'OUTCOME_UNKNOWN';
  override readonly name = 'OutcomeUnknown';
}
