import type { z } from 'zod';
import { deadline } from '../contracts/deadline';
import { providerProblemSchema } from '../contracts/provider-api';
import { failureByResponse, failureWithoutResponse, type ListedCodes } from './http-failure';

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
  return async (method, path, schema, { body, signal, listed }) => {
    signal?.throwIfAborted();
    const name = `${method} ${path}`;
    const effect = method === 'GET' ? 'read' : 'write';
    let response: Response;
    let content: unknown;
    try {
      response = await fetch(new URL(path, options.url), {
        method,
        headers: { 'content-type': 'application/json', ...options.headers?.() },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: deadline(options.timeoutMs, signal),
        redirect: 'manual',
      });
      content = await bodyOf(response);
    } catch (error) {
      throw failureWithoutResponse(name, error, effect);
    }
    if (!response.ok) {
      const code = providerProblemSchema.safeParse(content).data?.code;
      const retryAfter = response.headers.get('retry-after');
      throw failureByResponse(
        name,
        { status: response.status, code, retryAfter },
        { effect, ...(listed && { listed }) },
      );
    }
    const parsed = schema.safeParse(content);
    if (!parsed.success) throw failureWithoutResponse(name, parsed.error, effect);
    return parsed.data;
  };
}

/** Undefined for a body that is no JSON; throws only when the connection breaks before its end. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
