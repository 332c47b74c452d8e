import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge } from 'prom-client';
import type { Metrics } from './metrics';

/** Checks one dependency of a process; it throws or hangs when that is unavailable. */
export type ReadinessCheck = () => Promise<unknown>;

const CHECK_TIMEOUT_MS = 2_000;

/** Which of the named dependencies do not respond now. */
export async function whatIsDown(checks: Readonly<Record<string, ReadinessCheck>>): Promise<string[]> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await Promise.race([
          check(),
          new Promise((_, reject) => setTimeout(reject, CHECK_TIMEOUT_MS, new Error('no response')).unref()),
        ]);
        return undefined;
      } catch {
        return name;
      }
    }),
  );
  return results.filter((name) => name !== undefined);
}

/** Has each reading of the metrics say which of the named dependencies respond. */
export function measureDependencies(metrics: Metrics, checks: Readonly<Record<string, ReadinessCheck>>): void {
  new Gauge({
    name: 'ordersaga_dependency_up',
    help: '1: this dependency of the process responded when the metrics were read',
    labelNames: ['dependency'],
    registers: [metrics.registry],
    async collect() {
      const down = await whatIsDown(checks);
      for (const dependency of Object.keys(checks)) this.set({ dependency }, down.includes(dependency) ? 0 : 1);
    },
  });
}

/** Serves /livez, /readyz and /metrics for a process without HTTP of its own; port 0 takes a free port. */
export async function serveProbes(options: {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  /** What is unavailable of that without which the process still does its work. */
  readonly degraded?: () => readonly string[];
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  measureDependencies(options.metrics, options.checks);
  const server = createServer((request, response) => {
    void respond(request.url ?? '/').then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  const json = 'application/json';
  async function respond(url: string): Promise<{ status: number; type: string; body: string }> {
    if (url.startsWith('/livez')) return { status: 200, type: json, body: '{"status":"ok"}' };
    if (url.startsWith('/metrics'))
      return {
        status: 200,
        type: options.metrics.registry.contentType,
        body: await options.metrics.text(),
      };
    if (!url.startsWith('/readyz')) return { status: 404, type: json, body: '{"status":"not found"}' };
    const down = await whatIsDown(options.checks);
    return {
      status: down.length === 0 ? 200 : 503,
      type: json,
      body: JSON.stringify({
        status: down.length === 0 ? 'ready' : 'not ready',
        down,
        ...(options.degraded && { degraded: options.degraded() }),
      }),
    };
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

/** Stops taking connections and waits for responses under way. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
