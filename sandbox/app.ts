import express, { type Express, type Request, type Response } from 'express';
import { z } from 'zod';
import {
  businessKeySchema,
  createShipmentRequestSchema,
  openPaymentRequestSchema,
  outageRequestSchema,
  PROVIDERS,
  type ProviderName,
  type ProviderOperation,
  scanRequestSchema,
  storeRequestSchema,
} from '../contracts/provider-api';
import type { Books } from './books';
import { requireSendable, respondAsGateway } from './gateway-response';
import type { HeldRequests } from './held-requests';
import type { Outages } from './outages';
import { Problem, parsed, problemJson, unknownRoute } from './problem';
import type { WebhookSender } from './webhook';

export interface SandboxParts {
  books: Books;
  outages: Outages;
  held: HeldRequests;
  webhooks: WebhookSender;
  /** The delay of a `slow` outage that names none. */
  slowMs: number;
}

const orderIdQuery = z.coerce.number().int().positive();
const refParam = z.string().min(1).max(100);

/** The HTTP face of the three providers, of their ledger, and of the faults. */
export function sandboxApp(parts: SandboxParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: '64kb' }));
  paymentRoutes(app, parts);
  carrierRoutes(app, parts);
  warehouseRoutes(app, parts);
  witnessRoutes(app, parts);
  app.use(unknownRoute);
  app.use(problemJson);
  return app;
}

function paymentRoutes(app: Express, parts: SandboxParts): void {
  const { payments } = parts.books;
  const operation = operationsOf('payment', parts);
  const refOf = (req: Request) => parsed(refParam, req.params.ref);
  const orderOf = (ref: string) => payments.orderOf(ref);
  const opened = (req: Request) => parsed(openPaymentRequestSchema, req.body);
  const base = '/payment/payments';
  app.post(
    base,
    operation(
      'open',
      opened,
      (body) => body.orderId,
      (body) => payments.open(body),
    ),
  );
  app.get(
    `${base}/:ref`,
    operation('lookup', refOf, orderOf, (ref) => payments.lookup(ref)),
  );
  app.post(
    `${base}/:ref/confirm`,
    operation('confirm', refOf, orderOf, (ref) => payments.confirm(ref)),
  );
  app.post(
    `${base}/:ref/close`,
    operation('close', refOf, orderOf, (ref) => payments.close(ref)),
  );
}

function carrierRoutes(app: Express, parts: SandboxParts): void {
  const { parcels, journal } = parts.books;
  const operation = operationsOf('carrier', parts);
  const orderOf = (key: string) => parcels.orderOf(key);
  const created = (req: Request) => parsed(createShipmentRequestSchema, req.body);
  const base = '/carrier/shipments';
  app.post(
    base,
    operation(
      'create',
      created,
      (body) => body.orderId,
      (body) => parcels.create(body),
    ),
  );
  app.get(
    `${base}/:key`,
    operation('lookup', keyOf, orderOf, (key) => parcels.lookup(key)),
  );
  app.post(
    `${base}/:key/cancel`,
    operation('cancel', keyOf, orderOf, (key) => parcels.cancel(key)),
  );
  // The depot's side, which no outage of the carrier's API touches.
  app.post(`${base}/:key/scan`, async (req, res) => {
    const event = parcels.scan(keyOf(req), parsed(scanRequestSchema, req.body).status);
    await journal.durable();
    parts.webhooks.send(event);
    res.json(event);
  });
  app.get(base, async (req, res) => {
    const found = parcels.parcelsOf(parsed(orderIdQuery, req.query.orderId));
    await journal.durable();
    res.json(found);
  });
}

function warehouseRoutes(app: Express, parts: SandboxParts): void {
  const { storages, journal } = parts.books;
  const operation = operationsOf('warehouse', parts);
  const orderOf = (key: string) => storages.orderOf(key);
  const stored = (req: Request) => parsed(storeRequestSchema, req.body);
  const base = '/warehouse/storages';
  app.post(
    base,
    operation(
      'store',
      stored,
      (body) => body.orderId,
      (body) => storages.store(body),
    ),
  );
  app.get(
    `${base}/:key`,
    operation('lookup', keyOf, orderOf, (key) => storages.lookup(key)),
  );
  app.post(
    `${base}/:key/cancel`,
    operation('cancel', keyOf, orderOf, (key) => storages.cancel(key)),
  );
  app.get(base, async (req, res) => {
    const found = storages.storagesOf(parsed(orderIdQuery, req.query.orderId));
    await journal.durable();
    res.json(found);
  });
}

function witnessRoutes(app: Express, { books, outages }: SandboxParts): void {
  app.get('/ledger', async (req, res) => {
    const orderId = parsed(orderIdQuery.optional(), req.query.orderId);
    const lines = [...books.payments.ledger(orderId)];
    await books.journal.durable();
    res.json(lines);
  });
  app.put('/faults/:provider', (req, res) => {
    const provider = parsed(z.enum(PROVIDERS), req.params.provider);
    const fault = parsed(outageRequestSchema, req.body);
    if (fault.mode === 'gateway') requireSendable(fault);
    outages.set(provider, fault);
    res.json(outages.list());
  });
  app.get('/faults', (_req, res) => void res.json(outages.list()));
  app.get('/livez', (_req, res) => void res.json({ status: 'ok' }));
  app.get('/readyz', (_req, res) => {
    if (books.journal.failure) throw new Problem(503, 'JOURNAL_FAILED', books.journal.failure.message);
    res.json({ status: 'ok' });
  });
}

/** Makes the routes of one provider: parse, suffer its fault, act, and respond once it is on disk. */
function operationsOf(provider: ProviderName, { books, outages, held, slowMs }: SandboxParts) {
  return function operation<Input>(
    name: ProviderOperation,
    parse: (req: Request) => Input,
    orderOf: (input: Input) => number | undefined,
    act: (input: Input) => object | 'hang',
  ) {
    const actDurably = async (input: Input): Promise<object | 'hang'> => {
      try {
        return act(input);
      } finally {
        // A refusal may have been recorded, and a look-up may have seen what is not on disk yet.
        await books.journal.durable();
      }
    };
    return async (req: Request, res: Response): Promise<void> => {
      const input = parse(req);
      const outage = outages.meet(provider, name, orderOf(input));
      if (outage?.mode === 'unavailable') throw new Problem(503, 'UNAVAILABLE', `${provider} is unavailable`);
      if (outage?.mode === 'slow' && !(await held.delay(res, outage.delayMs ?? slowMs))) return;
      if (outage?.mode === 'gateway') {
        // Whatever the provider itself says then is lost.
        if (outage.when === 'after') await actDurably(input).catch(() => undefined);
        if (!(await held.delay(res, outage.delayMs ?? 0))) return;
        respondAsGateway(res, outage);
        return;
      }
      const result = await actDurably(input);
      if (result === 'hang') held.hang(res);
      else res.json(result);
    };
  };
}

function keyOf(req: Request): string {
  return parsed(businessKeySchema, req.params.key);
}
