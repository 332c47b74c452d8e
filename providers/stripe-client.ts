import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import { z } from 'zod';
import { codeOr } from '../domain/provider-code';
import { failureByResponse, failureWithoutResponse } from './http-failure';

export interface StripeOptions {
  secretKey: string;
  /** How long one request may take. */
  timeoutMs: number;
  /** Another server than Stripe's own, e.g. http://127.0.0.1:12111. */
  url?: string;
}

type Effect = 'read' | 'write';

/** Makes a request; throws a provider error for every response that is not what Stripe documents. */
export async function asking<T>(
  call: string,
  effect: Effect,
  schema: z.ZodType<T>,
  request: () => Promise<unknown>,
): Promise<T> {
  try {
    return usable(call, effect, schema, await request());
  } catch (error) {
    return rethrow(call, error, effect);
  }
}

/** The SDK casts whatever came with 200 to its types: only what is read here was said by Stripe. */
export function usable<T>(call: string, effect: Effect, schema: z.ZodType<T>, response: unknown): T {
  const parsed = schema.safeParse(response);
  if (!parsed.success) throw failureWithoutResponse(call, parsed.error, effect);
  return parsed.data;
}

/** Throws what an error of the SDK means for a call; the errors of `usable` pass. */
export function rethrow(call: string, error: unknown, effect: Effect = 'write'): never {
  if (error instanceof Stripe.errors.StripeConnectionError) throw failureWithoutResponse(call, error.detail, effect);
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const status = error.statusCode ?? 500;
  if (status < 300) throw failureWithoutResponse(call, error, effect);
  const isStripesWord = error.rawType !== undefined;
  const code = error instanceof Stripe.errors.StripeIdempotencyError ? 'KEY_REUSED' : error.code?.toUpperCase();
  throw failureByResponse(
    call,
    {
      status,
      code: isStripesWord ? codeOr('INVALID_REQUEST', code) : undefined,
      retryAfter: error.headers?.['retry-after'],
      cause: error,
    },
    { effect },
  );
}

// The SDK takes no signal per request; the async context carries it to the fetch that the request makes.
const callerSignal = new AsyncLocalStorage<AbortSignal | undefined>();

export async function within<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  return callerSignal.run(signal, call);
}

export function stripeClient({ secretKey, timeoutMs, url }: StripeOptions): Stripe {
  const server = url === undefined ? undefined : new URL(url);
  const plain = server?.protocol === 'http:';
  const httpClient = Stripe.createFetchHttpClient(async (input: string | URL | Request, init?: RequestInit) => {
    const signals = [callerSignal.getStore(), init?.signal].filter((signal) => signal != null);
    return withError(await fetch(input, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) }));
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

const NOT_STRIPES = JSON.stringify({ error: { message: 'no response of Stripe' } });
const failureBody = z.object({ error: z.looseObject({}) });
const successBody = z.looseObject({ error: z.never().optional() });

/**
 * The SDK takes any JSON without an error for a success whatever its status, and forgets the status of what is no JSON: both get
 * an error without a type, which is not Stripe's word.
 */
async function withError(response: Response): Promise<Response> {
  const { status, headers, ok } = response;
  const text = await response.text();
  return new Response(has(text, ok ? successBody : failureBody) ? text : NOT_STRIPES, { status, headers });
}

function has(text: string, schema: z.ZodType): boolean {
  try {
    return schema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
