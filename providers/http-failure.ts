import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from './errors';

/** Codes of a request that never reached a server. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const NOT_NOW = new Set([408, 425, 429]);

/**
 * Maps a request that got no answer: never sent is unavailable; anything later may have happened, unless it only asked
 * ('read').
 */
export function failureWithoutAnswer(
  call: string,
  error: unknown,
  effect: 'read' | 'write',
): ProviderUnavailable | OutcomeUnknown {
  if (codesOf(error).some((code) => NEVER_SENT.has(code))) {
    return new ProviderUnavailable(`${call}: cannot be reached`, { cause: error });
  }
  if (effect === 'read') return new ProviderUnavailable(`${call}: no answer`, { cause: error });
  return new OutcomeUnknown(`${call}: sent, but no answer came back`, { cause: error });
}

/** Maps an answer that is no success by its HTTP status; `code` is the provider's own, when it gave one. */
export function failureByStatus(
  call: string,
  answer: { status: number; code?: string; message?: string; retryAfter?: string | null; cause?: unknown },
): ProviderRefused | ProviderUnavailable {
  const { status, cause } = answer;
  const said = `${call}: ${answer.message ?? `HTTP ${status}`}`;
  const final = status >= 400 && status < 500 && !NOT_NOW.has(status);
  return final
    ? new ProviderRefused(answer.code ?? `HTTP_${status}`, said, { cause })
    : new ProviderUnavailable(said, { cause, retryAfterMs: retryAfterMs(answer.retryAfter) });
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
