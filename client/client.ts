import { EventSourceParserStream } from 'eventsource-parser/stream';
import { deadline } from '../contracts/deadline';
import type { ApiEndpoint, DataOf, RequestArgument } from './endpoints';
import { ApiProblem, ApiUnavailable, UnexpectedResponse } from './errors';
import type { Problem, paths, TimelineEntry } from './schema';

const TIMEOUT_MS = 30_000;
const EVENTS = '/api/orders/{orderId}/events' satisfies keyof paths;

export interface ApiClientOptions {
  /** Where the API's paths begin, without a slash at its end: `https://shop.example.com/behind/a-gateway`. */
  readonly address: string;
  readonly token?: string;
  /** Of messages and problems; English if absent. */
  readonly language?: 'en' | 'ko';
  /** Deadline of a call with its response, 30 s if absent; a stream of events has none. */
  readonly timeoutMs?: number;
}

/** What a request to any endpoint may have beside its parameters, query and body. */
export interface RequestOptions {
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

interface AnyRequest extends RequestOptions {
  readonly params?: Readonly<Record<string, string | number>> | undefined;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: unknown;
}

export interface ApiResult<Data> {
  readonly status: number;
  readonly data: Data;
  readonly message: string;
  /** The API had carried out the same request before, and repeats its result. */
  readonly isReplayed: boolean;
  readonly headers: Headers;
}

/** A response whether or not it is a refusal; `body` is the JSON as it came. */
export interface ApiResponse<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/**
 * The REST API over HTTP. An endpoint is a method and a path: `GET /api/ops/sagas/{orderId}`. Every call throws
 * ApiUnavailable or UnexpectedResponse when there is no usable response.
 */
export class ApiClient {
  constructor(private readonly options: ApiClientOptions) {}

  get address(): string {
    return this.options.address;
  }

  /** The same API for the bearer of another token. */
  as(token: string): ApiClient {
    return new ApiClient({ ...this.options, token });
  }

  /** Throws ApiProblem when the API refuses. */
  async call<At extends ApiEndpoint>(
    endpoint: At,
    ...[request]: RequestArgument<At, RequestOptions>
  ): Promise<ApiResult<DataOf<At>>> {
    const { status, body, headers } = await this.request(endpoint, request);
    if (!isSuccess(status)) throw new ApiProblem(endpoint, body as Problem);
    const { data, message } = body as Success<DataOf<At>>;
    return { status, data, message, isReplayed: headers.get('idempotent-replayed') === 'true', headers };
  }

  /** Any method and path, and a response that may be a refusal. */
  async request<Body>(endpoint: string, request: AnyRequest = {}): Promise<ApiResponse<Body>> {
    const until = deadline(this.options.timeoutMs ?? TIMEOUT_MS, request.signal);
    const response = await this.fetch(endpoint, request, until);
    return {
      status: response.status,
      body: (await this.jsonOf(response, request.signal)) as Body,
      headers: response.headers,
    };
  }

  /** An order's timeline as server-sent events, after `lastEventId` or from its beginning, until the stream ends. */
  async *events(
    orderId: number,
    { lastEventId, ...request }: RequestOptions & { readonly lastEventId?: number | undefined } = {},
  ): AsyncGenerator<TimelineEntry> {
    const endpoint = `GET ${EVENTS}`;
    const resume: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
    const headers = { accept: 'text/event-stream', ...request.headers, ...resume };
    const response = await this.fetch(endpoint, { ...request, params: { orderId }, headers });
    if (!isSuccess(response.status))
      throw new ApiProblem(endpoint, (await this.jsonOf(response, request.signal)) as Problem);
    if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream'))
      throw new UnexpectedResponse(response.url, response.status);
    const frames = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    try {
      // What has no id is no entry: a heartbeat, or why the stream ends.
      for await (const { id, data } of chunksOf(frames)) if (id !== undefined) yield JSON.parse(data) as TimelineEntry;
    } catch (error) {
      throw this.unavailable(error, request.signal);
    }
  }

  private async fetch(
    endpoint: string,
    { params, query, body, signal, ...request }: AnyRequest,
    until: AbortSignal | undefined = signal,
  ): Promise<Response> {
    const { address, token, language = 'en' } = this.options;
    const [method, path = ''] = endpoint.split(' ');
    const headers = {
      'accept-language': language,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
      ...request.headers,
    };
    const init = {
      method,
      headers,
      ...(until === undefined ? {} : { signal: until }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    try {
      return await fetch(`${address}${pathWith(path, params)}${searchOf(query)}`, init);
    } catch (error) {
      throw this.unavailable(error, signal);
    }
  }

  private async jsonOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
    const text = await response.text().catch((error: unknown) => {
      throw this.unavailable(error, signal);
    });
    const body = parsed(text);
    const member = isSuccess(response.status) ? 'data' : 'code';
    if (typeof body === 'object' && body !== null && member in body) return body;
    throw new UnexpectedResponse(response.url, response.status);
  }

  /** The caller's own abort is no absence of the API. */
  private unavailable(error: unknown, signal: AbortSignal | undefined): unknown {
    return signal?.aborted && signal.reason === error ? error : new ApiUnavailable(this.address, error as Error);
  }
}

interface Success<Data> {
  readonly data: Data;
  readonly message: string;
}

/** The chunks of a stream, which is closed when its reader stops early. Not every browser can iterate a stream itself. */
async function* chunksOf<Chunk>(stream: ReadableStream<Chunk>): AsyncGenerator<Chunk> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const isSuccess = (status: number) => status >= 200 && status < 300;

function pathWith(path: string, params: AnyRequest['params'] = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${path} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
}

function searchOf(query: AnyRequest['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
