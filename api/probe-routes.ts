import { Router } from 'express';
import { whatIsDown } from '../observability/probe-server';
import type { RouteDependencies } from './dependencies';

/**
 * Alive, ready, measured. Without Postgres nothing can be answered: not ready. Without Temporal or Redis orders are
 * still accepted and told of: ready, and `degraded` names what is away.
 */
export function probeRoutes({ db, redis, workflows, metrics }: RouteDependencies): Router {
  const router = Router();
  router.get('/livez', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const [down, degraded] = await Promise.all([
      whatIsDown({ postgres: () => db.raw('select 1') }),
      whatIsDown({ temporal: () => workflows.ping(), ...(redis ? { redis: () => redis.ping() } : {}) }),
    ]);
    const isReady = down.length === 0;
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not ready', down, degraded });
  });
  router.get('/metrics', async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  return router;
}
