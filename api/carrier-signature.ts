import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { CARRIER_SIGNATURE_HEADER } from '../contracts/provider-api';
import { ProblemError } from './problem';

/** The JSON body of a webhook, read as bytes, once its signature matches them. */
export function verifiedBody(request: Request, secret: string | undefined): unknown {
  const raw: unknown = request.body;
  if (!Buffer.isBuffer(raw)) throw new ProblemError('UNSUPPORTED_MEDIA_TYPE');
  if (!isSigned(raw, request.headers[CARRIER_SIGNATURE_HEADER], secret)) throw new ProblemError('SIGNATURE_INVALID');
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw new ProblemError('MALFORMED_JSON');
  }
}

function isSigned(raw: Buffer, header: string | string[] | undefined, secret: string | undefined): boolean {
  if (secret === undefined || typeof header !== 'string') return false;
  const given = Buffer.from(/^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] ?? '', 'hex');
  const expected = createHmac('sha256', secret).update(raw).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}
