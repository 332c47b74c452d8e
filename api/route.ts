import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Language, Text } from '../contracts/language';
import type { ProblemCode } from '../contracts/problems';
import type { Immutable } from '../contracts/responses/common';
import type { Trx } from '../db/connection';
import type { Identity } from './access/identity';
import type { ApiContext } from './context';
import type { OutsideAttempt } from './idempotency';
import type { ProblemError } from './problem';
import type { Rendered } from './rendered';

/** Who may use a route: viewers read what operators decide about; the carrier signs what it sends. */
export type Access = 'public' | 'customer' | 'viewer' | 'operator' | 'carrier';
/** Method and path, with parameters in braces. */
export type Endpoint = `${'GET' | 'POST' | 'PUT'} /${string}`;

/** What a handler responds. */
export interface Reply<Data> {
  readonly data: Immutable<Data>;
  /** Where it is not the route's. */
  readonly status?: number;
  readonly message?: Text;
  /** The same was decided before. */
  readonly isReplayed?: boolean;
}

/** A problem is returned where the same request shall be refused the same way again, and thrown everywhere else. */
export type Outcome<Data> = Reply<Data> | ProblemError;

/** What a handler is given: the parts of the request as their schemas left them. */
export interface RouteRequest<Params, Query, Body, Data, Who = Identity> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly who: Who;
  readonly language: Language;
  /** Whether the request has an Idempotency-Key. */
  readonly hasKey: boolean;
  /** Makes a change and saves its response in one transaction; the same request again gets the saved response. */
  once(change: (trx: Trx) => Promise<Outcome<Data>>): Promise<Rendered>;
  /** The same for an effect outside the database. */
  onceOutside(act: (attempt: OutsideAttempt) => Promise<Outcome<Data>>): Promise<Rendered>;
}

/** The connection, for responses that are not JSON: streams, probes, pages. */
export interface Http {
  readonly request: Request;
  readonly response: Response;
}

interface Described {
  /** The operationId of the OpenAPI document. */
  readonly id: string;
  readonly summary: string;
  /** Pages of EMBED_ORIGINS may read it, by the link of the order that it is about. */
  readonly isEmbeddable?: true;
  /** Those of its own; the problems of its access, parameters, query and body are known. */
  readonly problems?: readonly ProblemCode[];
}

interface Requested<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params?: Params;
  /** The problem that a parameter is which fits no schema; absent: VALIDATION_FAILED. */
  readonly unknownParams?: ProblemCode;
  readonly query?: Query;
  readonly body?: Body;
  /** Absent: BODY_LIMIT. */
  readonly bodyLimit?: string;
  /** It takes an Idempotency-Key: its handler works by `once` or `onceOutside`. */
  readonly isIdempotent?: boolean;
}

export interface JsonResponse<Data extends z.ZodType = z.ZodType> {
  readonly status: number;
  readonly data: Data;
  readonly message: Text;
  /** The Location header. */
  readonly location?: (data: z.output<Data>) => string;
  /** In place of `message` where a decision was only checked; the response is a 200 then. */
  readonly dryRunMessage?: Text;
}

/** By status, what is written to the connection by the handler itself. */
export type RawResponses = Readonly<
  Record<number, { readonly description: string; readonly content: Readonly<Record<string, z.ZodType>> }>
>;

/** One operation of the API: this is what is served, validated and documented. */
export interface Route<
  At extends Endpoint = Endpoint,
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Data extends z.ZodType = z.ZodType,
> extends Described,
    Requested<Params, Query, Body> {
  readonly at: At;
  readonly access: Access;
  readonly response: JsonResponse<Data> | { readonly raw: RawResponses };
  /** Undefined: the handler has written the response. */
  handle(request: AnyRequest, context: ApiContext, http: Http): Promise<Outcome<unknown> | Rendered | undefined>;
}
// biome-ignore lint/suspicious/noExplicitAny: every handler is checked against its own schemas where it is defined.
type AnyRequest = RouteRequest<any, any, any, any, any>;
type WhoOf<By extends Access> = By extends 'public' | 'carrier' ? undefined : Identity;

/** A route that responds with JSON. */
export function route<
  const At extends Endpoint,
  By extends Access,
  Data extends z.ZodType,
  Params extends z.ZodType = z.ZodNever,
  Query extends z.ZodType = z.ZodNever,
  Body extends z.ZodType = z.ZodNever,
>(
  at: At,
  definition: Described &
    Requested<Params, Query, Body> & {
      readonly access: By;
      readonly response: JsonResponse<Data>;
      handle(
        request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>, z.output<Data>, WhoOf<By>>,
        context: ApiContext,
        http: Http,
      ): Promise<Outcome<z.output<Data>> | Rendered>;
    },
): Route<At, Params, Query, Body, Data> {
  return { ...definition, at };
}

/** A route that writes its response itself. */
export function rawRoute<
  const At extends Endpoint,
  By extends Access,
  Params extends z.ZodType = z.ZodNever,
  Query extends z.ZodType = z.ZodNever,
>(
  at: At,
  {
    responses,
    handle,
    ...definition
  }: Described &
    Pick<Requested<Params, Query, never>, 'params' | 'unknownParams' | 'query'> & {
      readonly access: By;
      readonly responses: RawResponses;
      handle(
        request: RouteRequest<z.output<Params>, z.output<Query>, undefined, never, WhoOf<By>>,
        context: ApiContext,
        http: Http,
      ): Promise<void>;
    },
): Route<At, Params, Query, z.ZodNever, z.ZodNever> {
  return {
    ...definition,
    at,
    response: { raw: responses },
    async handle(request, context, http) {
      await handle(request, context, http);
      return undefined;
    },
  };
}
