import { CommandError, EXIT, type ExitCode } from './command-error';

const ANSWER_WITHIN_MS = 30_000;

/** The API over HTTP; a refusal or its absence is a CommandError with the exit code that says so. */
export class Api {
  constructor(
    /** Where its paths begin: without a slash at its end. */
    readonly address: string,
    private readonly token: string,
  ) {}

  /** `data` of the answer. Query parameters that are undefined are left out. */
  async get<Data>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<Data> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(
      given.map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    return (await this.answer<Data>('GET', search === '' ? path : `${path}?${search}`)).data;
  }

  /** `isRepeated`: the same had been decided before. */
  async post<Data>(path: string, body: object): Promise<{ readonly data: Data; readonly isRepeated: boolean }> {
    const { data, response } = await this.answer<Data>('POST', path, JSON.stringify(body));
    return { data, isRepeated: response.headers.get('idempotent-replayed') === 'true' };
  }

  /** The body of a stream of server-sent events, resumed after `lastEventId`. */
  async events(path: string, lastEventId: number | undefined): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== undefined) headers['last-event-id'] = String(lastEventId);
    const response = await this.ask('GET', path, { headers });
    if (!response.ok || !response.body) throw await refusal(response);
    return response.body as ReadableStream<Uint8Array>;
  }

  private async answer<Data>(
    method: string,
    path: string,
    body?: string,
  ): Promise<{ readonly data: Data; readonly response: Response }> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const content = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } };
    const response = await this.ask(method, path, { signal, ...content });
    if (!response.ok) throw await refusal(response);
    const { data } = (await this.untilRead(response.json())) as { data: Data };
    return { data, response };
  }

  private ask(method: string, path: string, init: RequestInit): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'accept-language': 'en', ...init.headers };
    return this.untilRead(fetch(`${this.address}${path}`, { ...init, method, headers }));
  }

  private async untilRead<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } };
      throw new CommandError(EXIT.away, `no answer from ${this.address}: ${cause?.code ?? message}`);
    }
  }
}

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  502: EXIT.away,
  503: EXIT.away,
  504: EXIT.away,
};
/** What every problem has, and what people need not see. */
const COMMON = new Set(['type', 'title', 'status', 'code', 'detail', 'instance', 'requestId', 'errors']);

async function refusal(response: Response): Promise<CommandError> {
  const exitCode = BY_STATUS[response.status] ?? EXIT.failed;
  const problem = (await response.json().catch(() => undefined)) as Record<string, unknown> | undefined;
  if (typeof problem?.code !== 'string')
    return new CommandError(exitCode, `${response.url} answered ${response.status}, which is no answer of this API`);
  const more = Object.entries(problem).filter(([name]) => !COMMON.has(name));
  const errors = (problem.errors ?? []) as { path: string; message: string }[];
  const lines = [
    `${problem.code}: ${String(problem.title)}. ${String(problem.detail)}`,
    ...errors.map(({ path, message }) => `  ${path || '(whole)'}: ${message}`),
    ...more.map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ];
  return new CommandError(exitCode, lines.join('\n'), problem);
}
