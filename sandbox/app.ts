import express, { type Express } from 'express';
import { z } from 'zod';
import { outageRequestSchema, PROVIDERS } from '../contracts/provider-api';
import { requireSendable } from './gateway-response';
import { Problem, parsed, problemJson, unknownRoute } from './problem';
import { orderIdQuery, type SandboxParts } from './provider-routes';
import { providerRoutes } from './providers';

/** The HTTP face of the providers' stand-ins and of their faults. */
export function sandboxApp(parts: SandboxParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: '64kb' }));
  providerRoutes(app, parts);
  controlRoutes(app, parts);
  app.use(unknownRoute);
  app.use(problemJson);
  return app;
}

function controlRoutes(app: Express, { journal, outages }: SandboxParts): void {
  app.put('/faults/:provider', (req, res) => {
    const provider = parsed(z.enum(PROVIDERS), req.params.provider);
    const fault = parsed(outageRequestSchema, req.body);
    if (fault.mode === 'gateway') requireSendable(fault);
    outages.set(provider, fault);
    res.json(outages.list());
  });
  app.get('/faults', (_req, res) => void res.json(outages.list()));
  app.get('/faults/met', (req, res) => void res.json(outages.metBy(parsed(orderIdQuery, req.query.orderId))));
  app.get('/livez', (_req, res) => void res.json({ status: 'ok' }));
  app.get('/readyz', (_req, res) => {
    if (journal.failure) throw new Problem(503, 'JOURNAL_FAILED', journal.failure.message);
    res.json({ status: 'ok' });
  });
}
