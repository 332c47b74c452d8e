import { z } from 'zod';
import { text } from '../../contracts/responses/common';
import { whatIsDown } from '../../observability/probe-server';
import { rawRoute } from '../route';

const parts = z.array(text);
const readiness = z.object({ status: z.enum(['ready', 'not ready']), down: parts, degraded: parts });

/** Alive, ready, measured. */
export const probeRoutes = [
  rawRoute('GET /livez', {
    id: 'live',
    summary: 'The process runs',
    access: 'public',
    responses: {
      200: { description: 'It does', content: { 'application/json': z.object({ status: z.literal('ok') }) } },
    },
    async handle(_request, _context, { response }) {
      response.json({ status: 'ok' });
    },
  }),

  rawRoute('GET /readyz', {
    id: 'ready',
    summary:
      'Without Postgres nothing can be served: not ready. Without Temporal or Redis orders are accepted and shown: ready, and `degraded` names what is unavailable',
    access: 'public',
    responses: {
      200: { description: 'Ready', content: { 'application/json': readiness } },
      503: { description: 'Not ready', content: { 'application/json': readiness } },
    },
    async handle(_request, { db, redis, workflows }, { response }) {
      const [down, degraded] = await Promise.all([
        whatIsDown({ postgres: () => db.raw('select 1') }),
        whatIsDown({ temporal: () => workflows.ping(), ...(redis ? { redis: () => redis.ping() } : {}) }),
      ]);
      const isReady = down.length === 0;
      response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not ready', down, degraded });
    },
  }),

  rawRoute('GET /metrics', {
    id: 'metrics',
    summary: 'Metrics for Prometheus',
    access: 'public',
    responses: { 200: { description: 'Metrics', content: { 'text/plain': text } } },
    async handle(_request, { metrics }, { response }) {
      response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
    },
  }),
] as const;
