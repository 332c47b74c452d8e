import http from 'node:http';
import https from 'node:https';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** A whole response; redirects are responses like others. */
export interface HttpResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Below the five seconds after which many servers close a connection that nobody uses. */
const IDLE_CONNECTION_MS = 4_000;

/**
 * Requests to one server over connections that are kept. Rejects unless a whole response comes; what is settled stays so. Node's own client, as it takes a
 * quarter of the CPU that `fetch` takes.
 */
export function keptAliveRequests(url: string): (request: HttpRequest) => Promise<HttpResponse> {
  const client = url.startsWith('https:') ? https : http;
  const agent = new client.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });

  function send({ method, path, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let isResponding = false;
      const request = client.request(new URL(path, url), { method, headers, agent, signal }, (response) => {
        isResponding = true;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('close', () => reject(new Error('the response broke off')));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      request.on('error', (error) => reject(request.reusedSocket ? new ReusedConnectionError(error) : error));
      // Also where it ends without an error: after a 101, say.
      request.on('close', () => {
        if (!isResponding) reject(new Error('the connection was closed without a response'));
      });
      request.end(body);
    });
  }

  return async (request) => {
    try {
      return await send(request);
    } catch (error) {
      // The server closed a connection of before just when it was used again: sent once more, on another. Where it did work on
      // the first, that is the same effect, as each request has its key.
      if (!(error instanceof ReusedConnectionError && error.wasClosed)) throw error;
      // Where the second gets no response either, the first is the one that may have worked.
      return send(request).catch(() => Promise.reject(error));
    }
  };
}

class ReusedConnectionError extends Error {
  override readonly name = 'ReusedConnectionError';
  constructor(override readonly cause: Error & { readonly code?: string }) {
    super(cause.message);
  }

  get wasClosed(): boolean {
    return this.cause.code === 'ECONNRESET' || this.cause.code === 'EPIPE';
  }
}
