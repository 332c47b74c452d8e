import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { type ApiContext, type ApiOptions, createContext } from './context';
import { problemResponses } from './problem-responses';
import { requestContext } from './request-context';
import { ROUTES } from './routes';
import { documentationRoutes } from './routes/documentation';
import { signInRoutes } from './routes/sign-in';
import { trackingPageRoutes } from './routes/tracking';
import { serveRoutes } from './serve';
import { serveWebSockets } from './web-socket';

const SHUTDOWN_MS = 10_000;
/** Longer than load balancers keep an idle connection: the side that closes first must not be the one that is used next. */
const KEEP_ALIVE_MS = 65_000;

export interface RunningApi {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, ends streams, and resolves when every request has its response, after 10 s at the latest. */
  close(): Promise<void>;
}

/** Serves REST, live streams, probes and documentation at API_HOST:API_PORT; port 0 takes a free one. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const context = createContext(options);
  const { settings, streams, feeds } = context;
  const server = createServer(createApp(context));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  serveWebSockets(server, context);
  server.listen(settings.API_PORT, settings.API_HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.API_HOST}:${port}`,
    port,
    close: async () => {
      const closed = stopServing(server);
      streams.closeAll();
      await closed;
      feeds.close();
    },
  };
}

/** The routes with all that goes round them, without a server. */
export function createApp(context: ApiContext): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(requestContext(context));
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use('/assets', (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    context.pages.sendAsset(request, response, request.path.slice(1));
  });
  serveRoutes(app, [...ROUTES, ...signInRoutes, ...trackingPageRoutes, ...documentationRoutes(ROUTES)], context);
  app.use(problemResponses(context.logger));
  return app;
}

async function stopServing(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection is idle only after its last response: look again until all are gone.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const limit = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
