import {
  CredentialsRefused,
  KeyClosed,
  OutcomeUnknown,
  ProviderRefused,
  ProviderUnavailable,
  RequestRejected,
} from './errors';
import type { Providers } from './sandbox-http';

export type ProviderName = keyof Providers;

/** How a call ended. `ended`: by us, before there was a response. */
export type CallOutcome =
  | 'done'
  | 'refused'
  | 'closed'
  | 'unavailable'
  | 'unknown'
  | 'credentials'
  | 'rejected'
  | 'ended';

export interface WatchedCall {
  readonly provider: ProviderName;
  /** The port's method. */
  readonly operation: string;
  readonly outcome: CallOutcome;
  readonly ms: number;
}

type Call = (...args: unknown[]) => Promise<unknown>;

/** The same providers, every call of which is watched. */
export function watchCalls(providers: Providers, onEnd: (call: WatchedCall) => void): Providers {
  const watch =
    (provider: ProviderName, operation: string, call: Call): Call =>
    async (...args) => {
      const startedAt = performance.now();
      const end = (outcome: CallOutcome) => onEnd({ provider, operation, outcome, ms: performance.now() - startedAt });
      try {
        const result = await call(...args);
        end(outcomeOfResult(result));
        return result;
      } catch (error) {
        end(outcomeOfError(error));
        throw error;
      }
    };
  const watched = Object.entries(providers).map(([name, port]) => {
    const calls = Object.entries(port as Readonly<Record<string, Call>>);
    return [
      name,
      Object.fromEntries(calls.map(([operation, call]) => [operation, watch(name as ProviderName, operation, call)])),
    ];
  });
  return Object.fromEntries(watched) as Providers;
}

/** A payment's refusal is a status, where other operations have an error. */
function outcomeOfResult(result: unknown): CallOutcome {
  return (result as { readonly status?: unknown } | undefined)?.status === 'declined' ? 'refused' : 'done';
}

function outcomeOfError(error: unknown): CallOutcome {
  if (error instanceof ProviderRefused) return 'refused';
  if (error instanceof KeyClosed) return 'closed';
  if (error instanceof ProviderUnavailable) return 'unavailable';
  if (error instanceof OutcomeUnknown) return 'unknown';
  if (error instanceof CredentialsRefused) return 'credentials';
  return error instanceof RequestRejected ? 'rejected' : 'ended';
}
