import { createHash } from 'node:crypto';

/** The order in a business key `{orderId}:{step}:{attempt}`; undefined for a key of another shape. */
export function orderInKey(key: string): number | undefined {
  const digits = /^(\d{1,15}):/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Tells whether a key came with the same body before, without keeping anybody's address. */
export function fingerprintOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32);
}
