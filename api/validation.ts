import express, { type Request } from 'express';
import { z } from 'zod';
import { languageOf } from './answer';
import { ProblemError } from './problem';

export const BODY_LIMIT = '64kb';
/** Reads a JSON body; it stands after the authentication, so that nobody unknown makes us parse. */
export const jsonBody = express.json({ limit: BODY_LIMIT, type: 'application/json' });
/** For operators, who edit records as large as the broker takes. */
export const largeJsonBody = express.json({ limit: '4mb', type: 'application/json' });

const koreanMessages = z.locales.ko().localeError;
const englishMessages = z.locales.en().localeError;

/** The JSON body as the schema wants it; VALIDATION_FAILED names each wrong field, UNSUPPORTED_MEDIA_TYPE what is not JSON. */
export function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const isEmpty = request.headers['content-length'] === '0' || request.is('*/*') === null;
  if (request.body === undefined && !isEmpty && !request.is('application/json'))
    throw new ProblemError('UNSUPPORTED_MEDIA_TYPE');
  return parse(request, schema, request.body);
}

export function parseQuery<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  return parse(request, schema, request.query);
}

export function parse<Schema extends z.ZodType>(request: Request, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { error: languageOf(request) === 'en' ? englishMessages : koreanMessages });
  if (result.success) return result.data;
  throw new ProblemError('VALIDATION_FAILED', {
    errors: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  });
}

/** The order id of the path; what can't be one is an order that does not exist. */
export function orderIdOf(request: Request): number {
  const text = request.params.orderId;
  const orderId = typeof text === 'string' && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(orderId)) throw new ProblemError('ORDER_NOT_FOUND');
  return orderId;
}
