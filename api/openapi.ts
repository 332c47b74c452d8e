import { z } from 'zod';
import { CARRIER_SIGNATURE_HEADER } from '../contracts/provider-api';
import { problemAnswer, timelineEntry } from './openapi-answers';
import { DESK_OPERATIONS } from './openapi-desk';
import type { Operation } from './openapi-operation';
import { SHOP_OPERATIONS } from './openapi-shop';
import { type ProblemCode, problemBody, problemStatus } from './problem';

/** Every operation under its method and path; streams and probes are described apart. */
const OPERATIONS: Readonly<Record<string, Operation>> = { ...SHOP_OPERATIONS, ...DESK_OPERATIONS };

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made from the schemas that requests are checked with. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = name.split(' ');
    paths[path] = { ...paths[path], [method]: describe(path, operation) };
  }
  paths['/api/orders/{orderId}/events'] = { get: describeEventStream() };
  return {
    openapi: '3.1.0',
    info: {
      title: 'ordersaga',
      version: '1',
      description:
        'Orders that always settle. Amounts are integers in minor units. WebSocket at /topic/order/{orderId}: the events of /api/orders/{orderId}/events, one JSON message each; token in the Authorization header or as ?access_token=.',
    },
    security: [{ bearer: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        signature: { type: 'apiKey', in: 'header', name: CARRIER_SIGNATURE_HEADER },
      },
      schemas: { Problem: jsonSchema(problemAnswer, 'output'), TimelineEntry: jsonSchema(timelineEntry, 'output') },
    },
    paths,
  };
}

function describe(path: string, { summary, query, body, answer, problems, security }: Operation): Json {
  const data = jsonSchema(answer.data, 'output');
  const success = {
    type: 'object',
    required: ['success', 'data', 'message'],
    properties: { success: { const: true }, data, message: { type: 'string' } },
  };
  const json = { 'application/json': { schema: success } };
  const taken = body && jsonSchema(body, 'input');
  const canBeDry = 'dryRun' in ((taken?.properties ?? {}) as Json);
  return {
    summary,
    ...(security ? { security: [{ [security]: [] }] } : {}),
    parameters: [...pathParameters(path), ...queryParameters(query), ...headerParameters(problems)],
    ...(taken ? { requestBody: { required: true, content: { 'application/json': { schema: taken } } } } : {}),
    responses: {
      ...(canBeDry ? { 200: { description: 'dryRun: what would happen; nothing was done', content: json } } : {}),
      [answer.status]: { description: 'Success', content: json },
      ...problemResponses(security ? problems : ['UNAUTHENTICATED', ...problems]),
    },
  };
}

function describeEventStream(): Json {
  const resume = { schema: { type: 'string' }, description: 'Id of the last event that was read' };
  return {
    summary: "The order's timeline as server-sent events: `event` is the entry's type, `data` a TimelineEntry",
    parameters: [
      ...pathParameters('/api/orders/{orderId}/events'),
      { name: 'Last-Event-ID', in: 'header', ...resume },
      { name: 'lastEventId', in: 'query', ...resume },
    ],
    responses: {
      200: { description: 'A stream without end', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      ...problemResponses(['UNAUTHENTICATED', 'VALIDATION_FAILED', 'ORDER_NOT_FOUND']),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: name === 'orderId' ? 'integer' : 'string' },
  }));
}

function queryParameters(query: z.ZodObject | undefined): Json[] {
  if (!query) return [];
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function headerParameters(problems: readonly ProblemCode[]): Json[] {
  if (!problems.includes('IDEMPOTENCY_KEY_REUSED')) return [];
  const description =
    'The same key and body again within 24 hours: the same answer, with Idempotent-Replayed: true; after a 5xx, try again with the same key';
  return [
    { name: 'Idempotency-Key', in: 'header', description, schema: { type: 'string', minLength: 1, maxLength: 255 } },
  ];
}

function problemResponses(codes: readonly ProblemCode[]): Json {
  const byStatus: Record<number, ProblemCode[]> = {};
  for (const code of codes) byStatus[problemStatus(code)] = [...(byStatus[problemStatus(code)] ?? []), code];
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, same]) => [
      status,
      {
        description: same.map((code) => `${code}: ${problemBody(code, 'en').title}`).join(' · '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
