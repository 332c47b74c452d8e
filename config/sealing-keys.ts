import { createHmac } from 'node:crypto';

/** What a key of SESSION_SECRET is for: what was made for one purpose is good for no other. */
export type Purpose = 'session' | 'order' | 'signing-in' | 'tracking-link' | 'sign-in-link';

/** A key of 256 bits for each of the secrets, which are separated by commas: the first one makes, all of them open. */
export function sealingKeys(secrets: string, purpose: Purpose): readonly [Uint8Array, ...Uint8Array[]] {
  const [first = '', ...others] = secrets.split(',');
  const keyOf = (secret: string) =>
    new Uint8Array(createHmac('sha256', secret).update(`ordersaga ${purpose}`).digest());
  return [keyOf(first), ...others.map(keyOf)];
}
