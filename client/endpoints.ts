import type { paths } from './schema';

type Paths = keyof paths & string;

/** Every endpoint that responds with JSON data, as `GET /api/orders/{orderId}`. */
export type ApiEndpoint = {
  [Path in Paths]: {
    [Method in keyof paths[Path] & string]: [DataFrom<paths[Path][Method]>] extends [never]
      ? never
      : `${Uppercase<Method>} ${Path}`;
  }[keyof paths[Path] & string];
}[Paths];

type OperationAt<At extends ApiEndpoint> = At extends `${infer Method} ${infer Path extends Paths}`
  ? paths[Path][Lowercase<Method> & keyof paths[Path]]
  : never;

/** The `data` of an operation's successes. */
type DataFrom<Operation> = Operation extends { readonly responses: infer Responses }
  ? {
      [Status in keyof Responses]: Responses[Status] extends {
        readonly content: { readonly 'application/json': { readonly success: true; readonly data: infer Data } };
      }
        ? Data
        : never;
    }[keyof Responses]
  : never;

/** Absent where the operation has no such part. */
type Part<Name extends string, Value> = [Value] extends [never]
  ? { readonly [Key in Name]?: undefined }
  : Record<never, never> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };
/** All values of a URL are text, which the API reads: only their names are checked here. */
type InUrl<Values, Value> = { readonly [Name in keyof Values]: Value };

/** What a request to an endpoint has. */
export type RequestTo<At extends ApiEndpoint> =
  OperationAt<At> extends {
    readonly parameters: { readonly path?: infer Params; readonly query?: infer Query };
    readonly requestBody?: infer Body;
  }
    ? Part<'params', InUrl<NonNullable<Params>, string | number>> &
        Part<'query', InUrl<NonNullable<Query>, string | number | boolean | undefined>> &
        Part<'body', JsonOf<NonNullable<Body>>>
    : never;
type JsonOf<Body> = Body extends { readonly content: { readonly 'application/json': infer Json } } ? Json : never;

/** The `data` of its response. */
export type DataOf<At extends ApiEndpoint> = DataFrom<OperationAt<At>>;

/** The request as the last argument of a call: it can be left out where it may be empty. */
export type RequestArgument<At extends ApiEndpoint, More> =
  Record<never, never> extends RequestTo<At>
    ? readonly [request?: RequestTo<At> & More]
    : readonly [request: RequestTo<At> & More];
