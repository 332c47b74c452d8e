import { type Problem, RequestRefused, Unavailable } from './problem';

const TIMEOUT_MS = 15_000;

/** Reads `data` of a response. Throws RequestRefused, or Unavailable. */
export function get<Data>(path: string): Promise<Data> {
  return send<Data>(path, {});
}

export function post<Data>(path: string, body: unknown, idempotencyKey?: string): Promise<Data> {
  const headers = { 'Content-Type': 'application/json', ...(idempotencyKey && { 'Idempotency-Key': idempotencyKey }) };
  return send<Data>(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function send<Data>(path: string, init: RequestInit): Promise<Data> {
  const response = await fetch(path, {
    ...init,
    // The page's language, not the browser's: the reader may have chosen another one.
    headers: { Accept: 'application/json', 'Accept-Language': document.documentElement.lang, ...init.headers },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Unavailable(`no response to ${path}`, { cause });
  });
  const body = await response.json().catch(() => undefined);
  if (response.ok) return (body as { readonly data: Data } | undefined)?.data as Data;
  if (response.status >= 500 || !isProblem(body)) throw new Unavailable(`${response.status} to ${path}`);
  throw new RequestRefused(body);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'status' in body;
}
