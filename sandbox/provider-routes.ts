import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { businessKeySchema, type ProviderName, type ProviderOperation } from '../contracts/provider-api';
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

/** Makes the routes of one provider: parse, suffer its fault, act, and respond once it is on disk. */
export function operationsOf(provider: ProviderName, { journal, outages, held, slowMs }: SandboxParts) {
  return function operation<Input>(
    name: ProviderOperation,
    parse: (req: Request) => Input,
    orderOf: (input: Input) => number | undefined,
    act: (input: Input) => object | 'hang',
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
      const outage = outages.meet(provider, name, orderOf(input));
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
  };
}

/** The gateway's response replaces the provider's own refusal. */
function unlessProblem(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error;
  return undefined;
}
