import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { PROBLEM_CODES, type ProblemCode } from '../contracts/problems';
import { CARRIER_SIGNATURE_HEADER } from '../contracts/provider-api';
import { type Json, jsonSchema } from './json-schema';
import { problemBody, problemStatus } from './problem';
import type { JsonResponse, Route } from './route';
import { isForUsers, partsOf } from './serve';

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[]): Json {
  const inlined: Record<string, Json> = {};
  for (const route of routes) {
    const { method, path } = partsOf(route);
    inlined[path] = { ...inlined[path], [method]: operation(route) };
  }
  const { paths, schemas } = withNamedSchemas(inlined);
  return {
    openapi: '3.1.0',
    info: {
      title: 'ordersaga',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description: [INTRODUCTION, ...GUIDES].join('\n\n'),
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: TAGS.map(({ name, description }) => ({ name, description })),
    security: [{ bearer: [] }, { session: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'ordersaga-session',
          description: 'Of a page of this server, after signing in',
        },
        signature: { type: 'apiKey', in: 'header', name: CARRIER_SIGNATURE_HEADER },
      },
      schemas: { Problem: jsonSchema(problemSchema, 'output'), ...schemas },
    },
    paths,
  };
}

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(PROBLEM_CODES),
  detail: z.string(),
  instance: z.string(),
  requestId: z.string(),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('Of VALIDATION_FAILED and VALUE_INVALID: what is wrong where'),
});

/** A schema that has an id is among the components, once, instead of in every operation that refers to it. */
function withNamedSchemas(inlined: Json): { paths: Json; schemas: Json } {
  const schemas: Json = {};
  const add = ([name, schema]: [string, unknown]) => {
    if (name in schemas && !isDeepStrictEqual(schemas[name], schema))
      throw new Error(`Two schemas of the API have the id ${name}, or it is both received and sent`);
    schemas[name] = schema;
  };
  const text = JSON.stringify(inlined).replaceAll('"#/$defs/', '"#/components/schemas/');
  const paths = JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$defs' in value)) return value;
    const { $defs, ...rest } = value;
    Object.entries($defs as Json).forEach(add);
    return rest;
  }) as Json;
  return { paths, schemas };
}

const INTRODUCTION = `Orders that always settle. Amounts are integers in minor units. A success is \`{"success": true, "data": …, "message": …}\`;
an error is \`application/problem+json\` with a stable \`code\`, and its \`type\` is the path of a page about it ([all of them](/problems)).
Titles, messages and errors are in Korean, or in English where \`Accept-Language\` prefers it.
The WebSocket at \`/topic/order/{orderId}\` gives the events of \`/api/orders/{orderId}/events\`, one JSON message each, with the token in
the Authorization header or as \`?access_token=\`.`;

/** Read once, at start. */
const GUIDES = ['first-order', 'idempotency', 'events', 'tracking', 'webhooks'].map((name) =>
  readFileSync(join(__dirname, 'guides', `${name}.md`), 'utf8').trim(),
);

/** An operation has the tag whose prefix of its path is the longest. */
const TAGS = [
  { prefix: '/api/', name: 'Orders', description: 'Products, orders and their payments, as the customer sees them.' },
  { prefix: '/api/coupons/', name: 'Coupons', description: 'First come, first served.' },
  { prefix: '/webhooks/', name: 'Webhooks', description: 'What other systems report.' },
  {
    prefix: '/api/ops/',
    name: 'Operations',
    description: 'What operators see and decide; the role viewer sees it and decides nothing.',
  },
  { prefix: '/', name: 'Health', description: 'For load balancers, orchestrators and Prometheus.' },
] as const;

function tagOf(path: string): string {
  const fitting = TAGS.filter(({ prefix }) => path.startsWith(prefix));
  return fitting.reduce((longest, tag) => (tag.prefix.length > longest.prefix.length ? tag : longest)).name;
}

const SECURITY = { public: [], carrier: [{ signature: [] }] } as const;

function operation(route: Route): Json {
  const { id, summary, access, params, query, body, isIdempotent, response } = route;
  const security = isForUsers(access) ? undefined : SECURITY[access];
  return {
    operationId: id,
    summary,
    tags: [tagOf(partsOf(route).path)],
    ...(security ? { security } : {}),
    parameters: [
      ...parameters(params, 'path'),
      ...parameters(query, 'query'),
      ...(isIdempotent ? [IDEMPOTENCY_KEY] : []),
      ...('raw' in response && 'text/event-stream' in (response.raw[200]?.content ?? {}) ? [LAST_EVENT_ID] : []),
    ],
    ...(body ? { requestBody: { required: true, content: jsonContent(jsonSchema(body, 'input')) } } : {}),
    responses: {
      ...('raw' in response ? rawResponses(response.raw) : successes(route, response)),
      ...problemResponses(problemsOf(route)),
    },
  };
}

function successes({ isIdempotent }: Route, { status, data, location, dryRunMessage }: JsonResponse): Json {
  const content = jsonContent({
    type: 'object',
    required: ['success', 'data', 'message'],
    properties: { success: { const: true }, data: jsonSchema(data, 'output'), message: { type: 'string' } },
  });
  const headers = {
    ...REQUEST_ID,
    ...(location ? { Location: header('Where it can be read') } : {}),
    ...(isIdempotent || dryRunMessage
      ? { 'Idempotent-Replayed': header('true: the response of an earlier request') }
      : {}),
  };
  return {
    ...(dryRunMessage ? { 200: { description: 'dryRun: what would happen; nothing was done', headers, content } } : {}),
    [status]: { description: 'Success', headers, content },
  };
}

function rawResponses(raw: Exclude<Route['response'], JsonResponse>['raw']): Json {
  return Object.fromEntries(
    Object.entries(raw).map(([status, { description, content }]) => [
      status,
      {
        description,
        headers: REQUEST_ID,
        content: Object.fromEntries(
          Object.entries(content).map(([type, schema]) => [type, { schema: jsonSchema(schema, 'output') }]),
        ),
      },
    ]),
  );
}

/** Those that a route has by its access, parameters and body, and its own. */
export function problemsOf(route: Route): ProblemCode[] {
  const { access, params, unknownParams, query, body, isIdempotent, problems = [] } = route;
  const isChange = partsOf(route).method !== 'get';
  const isRead = params !== undefined && unknownParams === undefined;
  const codes: ProblemCode[] = [
    ...(isForUsers(access) ? (['UNAUTHENTICATED'] as const) : []),
    ...(isForUsers(access) && isChange ? (['CROSS_SITE_REQUEST'] as const) : []),
    ...(access === 'viewer' || access === 'operator' ? (['FORBIDDEN'] as const) : []),
    ...(access === 'carrier' ? (['SIGNATURE_INVALID'] as const) : []),
    ...(access === 'public' ? [] : (['SERVICE_UNAVAILABLE'] as const)),
    ...(isRead || query || body || isIdempotent ? (['VALIDATION_FAILED'] as const) : []),
    ...(body ? (['MALFORMED_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(isIdempotent ? (['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'] as const) : []),
    ...problems,
  ];
  return [...new Set(codes)];
}

function problemResponses(codes: readonly ProblemCode[]): Json {
  const statuses = [...new Set(codes.map(problemStatus))].sort();
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: codes
          .filter((code) => problemStatus(code) === status)
          .map((code) => `${code}: ${problemBody(code, 'en').title}`)
          .join(' · '),
        headers: {
          ...REQUEST_ID,
          ...(status === 401 ? { 'WWW-Authenticate': header('Bearer') } : {}),
          ...(status === 503 ? { 'Retry-After': header('Seconds') } : {}),
        },
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

const header = (description: string) => ({ description, schema: { type: 'string' } });
const REQUEST_ID = { 'x-request-id': header("The request's id: its own, or one that is made for it") };
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The same key and body again within 24 hours: the same response, with Idempotent-Replayed: true; after a 5xx, try again with the same key',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', examples: ['order-2026-11-28-1'] },
};
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'Id of the last event that was read',
  schema: { type: 'string', pattern: '^\\d{0,16}$' },
};

const jsonContent = (schema: Json) => ({ 'application/json': { schema } });
