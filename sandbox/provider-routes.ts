import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { businessKeySchema, type ProviderName, type ProviderOperation } from '../contracts/provider-api';
import { type ChangesQuery, changesQuery } from './changes';
import { respondAsGateway } from './gateway-response';
import type { HeldRequests } from './held-requests';
import type { Journal } from './journal';
import type { Outages } from './outages';
import { Problem, parsed } from './problem';
import type { StandIns } from './providers';
import type { WebhookSender } from './webhook';

export interface SandboxParts {
  readonly standIns: StandIns;
  readonly journal: Journal;
  readonly outages: Outages;
  readonly held: HeldRequests;
  readonly webhooks: WebhookSender;
  /** The delay of a `slow` outage that names none. */
  readonly slowMs: number;
  /** How many records a page of a list has. */
  readonly pageSize: number;
}

export const orderIdQuery = z.coerce.number().int().positive();

export function keyOf(req: Request): string {
  return parsed(businessKeySchema, req.params.key);
}

/** A route that responds once what it shows is on disk; no outage touches it. */
export function settledRoute(journal: Journal, respond: (req: Request) => object): RequestHandler {
  return async (req, res) => {
    const body = respond(req);
    await journal.durable();
    res.json(body);
  };
}

/** Adds the routes of one provider: each parses, suffers its fault, acts, and responds once that is on disk. */
export function operationsOf(
  app: Express,
  provider: ProviderName,
  { journal, outages, held, slowMs }: SandboxParts,
  { refOf, orderOf }: { refOf: (req: Request) => string; orderOf: (ref: string) => number | undefined },
) {
  return {
    /** A call with a body about an order. */
    make<Body extends { orderId: number }>(
      path: string,
      name: ProviderOperation,
      schema: z.ZodType<Body>,
      act: Act<Body>,
    ): void {
      const parse = (req: Request) => parsed(schema, req.body);
      app.post(
        path,
        operation(name, parse, ({ orderId }) => orderId, act),
      );
    },
    lookUp: (path: string, act: Act<string>) => app.get(path, operation('lookup', refOf, orderOf, act)),
    list(path: string, act: Act<ChangesQuery>): void {
      const parse = (req: Request) => parsed(changesQuery, req.query);
      app.get(
        path,
        operation('list', parse, () => undefined, act),
      );
    },
    /** A call about what was made before. */
    change(path: string, name: ProviderOperation, act: Act<string>): void {
      app.post(path, operation(name, refOf, orderOf, act));
    },
  };

  function operation<Input>(
    name: ProviderOperation,
    parse: (req: Request) => Input,
    orderIn: (input: Input) => number | undefined,
    act: Act<Input>,
  ): RequestHandler {
    const actDurably = async (input: Input): Promise<object | 'hang'> => {
      try {
        return act(input);
      } finally {
        // A refusal may have been recorded, and a look-up may have seen what is not on disk yet.
        await journal.durable();
      }
    };
    return async (req: Request, res: Response): Promise<void> => {
      const input = parse(req);
      const outage = outages.meet(provider, name, orderIn(input));
      if (outage?.mode === 'unavailable') throw new Problem(503, 'UNAVAILABLE', `${provider} is unavailable`);
      if (outage?.mode === 'slow' && !(await held.delay(res, outage.delayMs ?? slowMs))) return;
      if (outage?.mode === 'gateway') {
        if (outage.when === 'after') await actDurably(input).catch(unlessProblem);
        if (!(await held.delay(res, outage.delayMs ?? 0))) return;
        respondAsGateway(res, outage);
        return;
      }
      const result = await actDurably(input);
      if (result === 'hang') held.hang(res);
      else res.json(result);
    };
  }
}

type Act<Input> = (input: Input) => object | 'hang';

/** The gateway's response replaces the provider's own refusal. */
function unlessProblem(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error;
  return undefined;
}
