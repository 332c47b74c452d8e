import {
  CredentialsRefused,
  KeyClosed,
  OutcomeUnknown,
  ProviderRefused,
  ProviderUnavailable,
  RequestRejected,
} from './errors';

/** Codes of a request that never reached a server. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Maps a request without a usable response: never sent is unavailable; anything later may have happened, unless it only asked
 * ('read').
 */
export function failureWithoutResponse(
  call: string,
  error: unknown,
  effect: 'read' | 'write',
): ProviderUnavailable | OutcomeUnknown {
  if (codesOf(error).some((code) => NEVER_SENT.has(code))) {
    return new ProviderUnavailable(`${call}: cannot be reached`, { cause: error });
  }
  if (effect === 'read') return new ProviderUnavailable(`${call}: no usable response`, { cause: error });
  return new OutcomeUnknown(`${call}: sent, but no usable response came back`, { cause: error });
}

/** What the codes of one operation mean; absent: the operation has no code that says more than its status. */
export interface ListedCodes {
  /** The provider's no, for good. */
  readonly refused?: readonly string[];
  /** The key or ref was cancelled or closed before. */
  readonly closed?: readonly string[];
}

export interface FailureResponse {
  readonly status: number;
  /** The provider's own code; absent: the body is not one of the provider's, so that a gateway may have responded. */
  readonly code?: string | undefined;
  readonly retryAfter?: string | null | undefined;
  readonly cause?: unknown;
}

const CREDENTIALS = new Set([401, 403]);
const MALFORMED = new Set([400, 422]);

/** Maps a response that is no success: a refusal only by a listed code, our own fault only in the provider's own words. */
export function failureByResponse(
  call: string,
  response: FailureResponse,
  { effect, listed = {} }: { readonly effect: 'read' | 'write'; readonly listed?: ListedCodes },
): ProviderRefused | KeyClosed | CredentialsRefused | RequestRejected | ProviderUnavailable {
  const { status, code, cause } = response;
  const message = `${call}: HTTP ${status}${code ? ` ${code}` : ''}`;
  if (code !== undefined && status >= 400 && status < 500) {
    if (listed.refused?.includes(code)) return new ProviderRefused(code, message);
    if (listed.closed?.includes(code)) return new KeyClosed(message);
  }
  if (CREDENTIALS.has(status)) return new CredentialsRefused(message, { cause });
  // A read that is not understood changes nothing; a retry succeeds once the gateway is well.
  if (effect === 'write' && code !== undefined && MALFORMED.has(status)) return new RequestRejected(code, message);
  return new ProviderUnavailable(message, { cause, retryAfterMs: retryAfterMs(response.retryAfter) });
}

function retryAfterMs(header: string | null | undefined): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** fetch hides the socket's error in causes; by shape, since an error of another realm is no instance of our Error. */
function codesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...own, ...codesOf('cause' in error ? error.cause : undefined)];
}
