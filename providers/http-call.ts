import type { z } from 'zod';
import { deadline } from '../contracts/deadline';
import { providerProblemSchema } from '../contracts/provider-api';
import { failureByResponse, failureWithoutResponse, type ListedCodes } from './http-failure';
import { type HttpResponse, keptAliveRequests } from './kept-alive-requests';

export interface HttpOptions {
  /** The provider's address, e.g. http://127.0.0.1:4010. */
  readonly url: string;
  /** How long one request may take. */
  readonly timeoutMs: number;
  /** Extra headers of each request, such as `traceparent`. */
  readonly headers?: () => Record<string, string>;
}

/** How a provider refuses an undo. */
export const UNDO = { refused: ['UNDO_REFUSED'] } as const;

interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly listed?: ListedCodes;
}

/** One request; gives the body that the schema describes, and throws a provider error for anything else. */
export type HttpCall = <Body>(
  method: 'GET' | 'POST',
  path: string,
  schema: z.ZodType<Body>,
  options: CallOptions,
) => Promise<Body>;

export function httpCall(options: HttpOptions): HttpCall {
  const send = keptAliveRequests(options.url);
  return async (method, path, schema, { body, signal, listed }) => {
    signal?.throwIfAborted();
    const name = `${method} ${path}`;
    const effect = method === 'GET' ? 'read' : 'write';
    let response: HttpResponse;
    try {
      response = await send({
        method,
        path,
        headers: { 'content-type': 'application/json', ...options.headers?.() },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: deadline(options.timeoutMs, signal),
      });
    } catch (error) {
      throw failureWithoutResponse(name, error, effect);
    }
    const { status, retryAfter } = response;
    const content = jsonOf(response.text);
    if (status < 200 || status > 299) {
      const code = providerProblemSchema.safeParse(content).data?.code;
      throw failureByResponse(name, { status, code, retryAfter }, { effect, ...(listed && { listed }) });
    }
    const parsed = schema.safeParse(content);
    if (!parsed.success) throw failureWithoutResponse(name, parsed.error, effect);
    return parsed.data;
  };
}

/** Undefined for a body that is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
