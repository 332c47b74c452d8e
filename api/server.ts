import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { createAuthentication } from './authentication';
import { blockedKeyRoutes } from './blocked-key-routes';
import { carrierWebhook } from './carrier-webhook';
import { couponRoutes } from './coupon-routes';
import { deadLetterReplayRoutes } from './dead-letter-replay-routes';
import { deadLetterRoutes } from './dead-letter-routes';
import type { ApiOptions, RouteDependencies } from './dependencies';
import { documentationRoutes } from './documentation-routes';
import { endingRoutes } from './ending-routes';
import { errorAnswer, unknownRoute } from './error-answer';
import { eventStreamRoutes } from './event-stream';
import { itemRoutes } from './item-routes';
import { OpenStreams } from './live';
import { orderRoutes } from './order-routes';
import { paymentRoutes } from './payment-routes';
import { probeRoutes } from './probe-routes';
import { productRoutes } from './product-routes';
import { requestContext } from './request-context';
import { sagaRoutes } from './saga-routes';
import { statusRoutes } from './status-routes';
import { TimelineFeeds } from './timeline-feeds';
import { serveWebSockets } from './web-socket';

const SHUTDOWN_MS = 10_000;
/** Longer than load balancers keep an idle connection: the side that closes first must not be the one that is asked next. */
const KEEP_ALIVE_MS = 65_000;

export interface RunningApi {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, ends streams, and resolves when every request in hand is answered, after 10 s at the latest. */
  close(): Promise<void>;
}

/** Serves REST, live streams, probes and documentation at API_HOST:API_PORT; port 0 takes a free one. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { db, redis, settings, logger } = options;
  const dependencies: RouteDependencies = {
    ...options,
    authenticate: createAuthentication(settings),
    feeds: new TimelineFeeds(db, redis, logger),
  };
  const streams = new OpenStreams();
  const server = createServer(createApp(dependencies, streams));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  serveWebSockets(server, dependencies, streams);
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
      dependencies.feeds.close();
    },
  };
}

/** The routes with all that goes round them, without a server. */
export function createApp(dependencies: RouteDependencies, streams: OpenStreams): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(requestContext(dependencies));
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use(probeRoutes(dependencies), documentationRoutes(), carrierWebhook(dependencies));
  app.use(paymentRoutes(dependencies), statusRoutes(dependencies), orderRoutes(dependencies));
  app.use(endingRoutes(dependencies), productRoutes(dependencies), couponRoutes(dependencies));
  app.use(deadLetterRoutes(dependencies), deadLetterReplayRoutes(dependencies), blockedKeyRoutes(dependencies));
  app.use(sagaRoutes(dependencies), itemRoutes(dependencies));
  app.use(eventStreamRoutes(dependencies, streams));
  app.use(unknownRoute);
  app.use(errorAnswer(dependencies.logger));
  return app;
}

async function stopServing(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection is idle only after its last answer: look again until all are gone.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const limit = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
