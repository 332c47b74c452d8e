import type { z } from 'zod';
import type { Immutable } from '../contracts/responses/common';
import type { Route } from './route';
import type { ApiRoute } from './routes';

/** Every endpoint of the API, as `GET /api/orders/{orderId}`. */
export type ApiEndpoint = ApiRoute['at'];

type RouteAt<At extends ApiEndpoint> = Extract<ApiRoute, { readonly at: At }>;
type PartsOf<At extends ApiEndpoint> =
  RouteAt<At> extends Route<At, infer Params, infer Query, infer Body, infer Data>
    ? { params: Params; query: Query; body: Body; data: Data }
    : never;

/** Absent where the route has no such part; `Values` are what a URL can carry. */
type Part<Name extends string, Schema extends z.ZodType, Value> = [Schema] extends [z.ZodNever]
  ? { readonly [Key in Name]?: undefined }
  : Record<never, never> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };
type InUrl<Schema extends z.ZodType, Value> = { readonly [Key in keyof z.input<Schema>]: Value };

/** What a request to an endpoint has. */
export type RequestTo<At extends ApiEndpoint> =
  PartsOf<At> extends {
    params: infer P extends z.ZodType;
    query: infer Q extends z.ZodType;
    body: infer B extends z.ZodType;
  }
    ? Part<'params', P, InUrl<P, string | number>> &
        Part<'query', Q, InUrl<Q, string | number | boolean | undefined>> &
        Part<'body', B, Immutable<z.input<B>>>
    : never;

/** The `data` of its response. */
export type DataOf<At extends ApiEndpoint> =
  PartsOf<At> extends { data: infer D extends z.ZodType } ? Immutable<z.output<D>> : never;

/** The request as the last argument of a call: it can be left out where it may be empty. */
export type RequestArgument<At extends ApiEndpoint, More> =
  Record<never, never> extends RequestTo<At>
    ? readonly [request?: RequestTo<At> & More]
    : readonly [request: RequestTo<At> & More];
