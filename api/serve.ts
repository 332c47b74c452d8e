import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Language } from '../contracts/language';
import type { ProblemCode } from '../contracts/problems';
import type { Trx } from '../db/connection';
import { type Identity, ROLES, type Role } from './access/identity';
import { verifiedBody } from './carrier-signature';
import type { ApiContext } from './context';
import { type OutsideAttempt, repeatable, respondOnce, respondOnceOutside } from './idempotency';
import { languageOf } from './language';
import { ProblemError } from './problem';
import { Rendered, render } from './rendered';
import type { Access, Outcome, Route } from './route';
import { idempotencyKey, parse } from './validation';

const BODY_LIMIT = '64kb';

/** Serves these routes; what none of them matches is a 404, or a 405 where the path is known. */
export function serveRoutes(app: Express, routes: readonly Route[], context: ApiContext): void {
  for (const route of routes) {
    const { method, path } = partsOf(route);
    // The body is read after the authentication: nobody unknown makes us parse.
    app[method](
      path.replaceAll(/\{(\w+)\}/g, ':$1'),
      admit(route, context),
      ...bodyReaders(route),
      respond(route, context),
    );
  }
  app.use(unmatched(routes));
}

export function partsOf({ at }: Route): { readonly method: 'get' | 'post' | 'put'; readonly path: string } {
  const [method = '', path = ''] = at.split(' ');
  return { method: method.toLowerCase() as 'get' | 'post' | 'put', path };
}

function admit(route: Route, { identify, settings }: ApiContext): RequestHandler {
  const { access, isEmbeddable } = route;
  const isChange = partsOf(route).method !== 'get';
  return async (request, response, next) => {
    if (isEmbeddable) allowOrigins(request, response, settings.EMBED_ORIGINS);
    if (isForUsers(access)) {
      const orderId = request.params.orderId === undefined ? undefined : Number(request.params.orderId);
      const link = isEmbeddable && typeof request.query.link === 'string' ? request.query.link : undefined;
      const who = await identify(request, { orderId, isChange, link });
      if (!ADMITTED[access].includes(who.role)) throw new ProblemError('FORBIDDEN');
      response.locals.who = who;
      response.setHeader('Cache-Control', 'no-store');
    }
    next();
  };
}

/** Without cookies, which the browser keeps from other origins unless it is allowed to send them. */
function allowOrigins({ headers }: Request, response: Response, origins: readonly string[]): void {
  response.vary('Origin');
  if (headers.origin !== undefined && origins.includes(headers.origin))
    response.setHeader('Access-Control-Allow-Origin', headers.origin);
}

/** The roles that may use a route; whose order it is about is the handler's to check. */
const ADMITTED: Readonly<Record<Exclude<Access, 'public' | 'carrier'>, readonly Role[]>> = {
  customer: ROLES,
  viewer: ['viewer', 'operator'],
  operator: ['operator'],
};

export function isForUsers(access: Access): access is keyof typeof ADMITTED {
  return access in ADMITTED;
}

function bodyReaders({ access, body, bodyLimit = BODY_LIMIT }: Route): RequestHandler[] {
  const options = { type: 'application/json', limit: bodyLimit };
  if (access === 'carrier') return [express.raw(options)];
  return body ? [express.json(options)] : [];
}

function respond(route: Route, context: ApiContext): RequestHandler {
  const { access, response: described, params, unknownParams, query, isIdempotent } = route;
  // Probes and the carrier may add parameters of their own.
  const isOurs = isForUsers(access);
  return async (request: Request, response: Response, _next: NextFunction) => {
    const language = languageOf(request);
    const who = response.locals.who as Identity | undefined;
    const pathParams = params && paramsOf(params, unknownParams, request, language);
    const queried = query || isOurs ? parse(query ?? NO_QUERY, request.query, language) : undefined;
    const body = bodyOf(route, request, context, language);
    const key = isIdempotent ? idempotencyKey(request.headers['idempotency-key'], language) : undefined;
    const { method, path } = request;
    const id = key === undefined || !who ? undefined : { userId: who.userId, method, path, key };
    const again = repeatable(id, body);
    const rendered = (outcome: Outcome<unknown>): Rendered => {
      if ('raw' in described) throw new Error(`${route.id} writes its response itself`);
      return render(described, outcome, language);
    };
    const asked = {
      params: pathParams,
      query: queried,
      body,
      who,
      language,
      hasKey: key !== undefined,
      once: (change: Change) => respondOnce(context.db, again, async (trx) => rendered(await change(trx))),
      onceOutside: (act: Act) => respondOnceOutside(context.db, again, async (attempt) => rendered(await act(attempt))),
    };
    const handled = route.handle(asked, context, { request, response });
    const outcome = await (method === 'GET'
      ? handled
      : handled.finally(() => forgetStatuses(access, pathParams, body, context)));
    if (outcome === undefined) return;
    if (outcome instanceof ProblemError) throw outcome;
    send(request, response, route, outcome instanceof Rendered ? outcome : rendered(outcome));
  };
}

type Change = (trx: Trx) => Promise<Outcome<unknown>>;
type Act = (attempt: OutsideAttempt) => Promise<Outcome<unknown>>;

/** After a change, also one that may have happened: from then on no status from before it is returned. */
function forgetStatuses(access: Access, params: unknown, body: unknown, { statuses }: ApiContext): void {
  const { orderId } = { ...(body as object), ...(params as object) } as { readonly orderId?: unknown };
  if (typeof orderId === 'number') statuses.forget(orderId);
  // An operator's decision may be about any order.
  else if (access === 'operator') statuses.forgetAll();
}

const NO_QUERY = z.strictObject({});

function paramsOf(params: z.ZodType, unknown: ProblemCode | undefined, request: Request, language: Language): unknown {
  if (unknown === undefined) return parse(params, request.params, language);
  const result = params.safeParse(request.params);
  if (result.success) return result.data;
  throw new ProblemError(unknown);
}

function bodyOf({ access, body }: Route, request: Request, { settings }: ApiContext, language: Language): unknown {
  if (!body) return undefined;
  const isEmpty = request.headers['content-length'] === '0' || request.is('*/*') === null;
  if (request.body === undefined && !isEmpty && !request.is('application/json'))
    throw new ProblemError('UNSUPPORTED_MEDIA_TYPE');
  const given = access === 'carrier' ? verifiedBody(request, settings.CARRIER_WEBHOOK_SECRET) : request.body;
  return parse(body, given, language);
}

function send(
  request: Request,
  response: Response,
  { response: described }: Route,
  { statusCode, body, isReplayed }: Rendered,
): void {
  response.status(statusCode).vary('Accept-Language');
  if (isReplayed) response.setHeader('Idempotent-Replayed', 'true');
  if (statusCode >= 400) {
    // Of this request, also where the problem is that of an earlier one.
    const { requestId } = response.locals;
    response.type('application/problem+json').json({ ...(body as object), instance: request.path, requestId });
    return;
  }
  if ('location' in described && described.location)
    response.location(described.location((body as { readonly data: never }).data));
  response.json(body);
}

/** A path that is known, with another method: its methods are in the Allow header. */
function unmatched(routes: readonly Route[]): RequestHandler {
  const known = routes.map((route) => {
    const { method, path } = partsOf(route);
    return { methods: method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()], path: patternOf(path) };
  });
  return (request, response) => {
    const methods = known.filter(({ path }) => path.test(request.path)).flatMap((route) => route.methods);
    if (methods.length === 0) throw new ProblemError('NOT_FOUND');
    response.setHeader('Allow', [...new Set(methods), 'OPTIONS'].join(', '));
    if (request.method !== 'OPTIONS') throw new ProblemError('METHOD_NOT_ALLOWED');
    response.status(204).end();
  };
}

const patternOf = (path: string) =>
  new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
