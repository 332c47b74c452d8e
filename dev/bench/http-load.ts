import autocannon from 'autocannon';
import { type Spread, spread } from './figures';

export interface HttpLoad {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The path of each next request; undefined: there are no more. */
  readonly nextPath: () => string | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly expectedStatus: number;
}

export interface HttpFigures {
  readonly perSecond: number;
  readonly ms: Spread;
}

/** Sends requests on so many connections, each after the response to the last; throws at any other status. */
export async function measureHttp(load: HttpLoad): Promise<HttpFigures> {
  const times: number[] = [];
  const others = new Map<number, number>();
  let isDry = false;
  let broken: unknown;
  let firstAt = 0;
  let lastAt = 0;
  await new Promise<void>((resolve, reject) => {
    const instance = autocannon(
      {
        url: load.url,
        connections: load.connections,
        duration: load.seconds,
        requests: [
          {
            method: load.method,
            headers: { 'content-type': 'application/json', ...load.headers },
            ...(load.body === undefined ? {} : { body: load.body }),
            setupRequest: (request) => {
              const path = load.nextPath();
              isDry ||= path === undefined;
              return { ...request, path: path ?? '/' };
            },
          },
        ],
      },
      (error: Error | null) => (error ? reject(error) : resolve()),
    );
    instance.on('reqError', (error: unknown) => {
      broken ??= error;
    });
    instance.on('response', (_client, status, _bytes, ms) => {
      lastAt = performance.now();
      firstAt ||= lastAt - ms;
      if (status === load.expectedStatus) times.push(ms);
      else others.set(status, (others.get(status) ?? 0) + 1);
    });
  });
  if (broken) throw new Error('a request failed', { cause: broken });
  if (isDry) throw new Error('too few requests were prepared');
  if (others.size > 0) throw new Error(`unexpected responses: ${JSON.stringify(Object.fromEntries(others))}`);
  return { perSecond: times.length / ((lastAt - firstAt) / 1000), ms: spread(times) };
}
