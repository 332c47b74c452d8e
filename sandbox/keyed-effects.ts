import { createHash } from 'node:crypto';
import { Problem } from './problem';

interface Effect {
  readonly orderId: number;
  readonly fingerprint: string;
}

/** What a provider made by business key, and the keys that were cancelled: nothing is made under those. */
export class KeyedEffects<Made extends Effect> {
  readonly #made = new Map<string, Made>();
  readonly #cancelled = new Set<string>();
  readonly #keysByOrder = new Map<number, string[]>();

  /** `name` of what is made, for people. */
  constructor(private readonly name: string) {}

  /** What was made under the key from the same body; throws 422 KEY_REUSED and 409 CANCELLED. */
  known(key: string, fingerprint: string): Made | undefined {
    const made = this.#made.get(key);
    if (made && made.fingerprint !== fingerprint)
      throw new Problem(422, 'KEY_REUSED', `key ${key} was used with another body`);
    this.refuseCancelled(key);
    return made;
  }

  refuseCancelled(key: string): void {
    if (this.isCancelled(key)) throw new Problem(409, 'CANCELLED', `${this.name} ${key} is cancelled`);
  }

  find(key: string): Made | undefined {
    return this.#made.get(key);
  }

  isCancelled(key: string): boolean {
    return this.#cancelled.has(key);
  }

  /** Those of an order with their keys, oldest first. */
  ofOrder(orderId: number): (readonly [key: string, made: Made])[] {
    return (this.#keysByOrder.get(orderId) ?? []).map((key) => [key, this.#made.get(key) as Made] as const);
  }

  orderOf(key: string): number | undefined {
    return this.#made.get(key)?.orderId ?? orderInKey(key);
  }

  add(key: string, made: Made): void {
    this.#made.set(key, made);
    this.#keysByOrder.set(made.orderId, [...(this.#keysByOrder.get(made.orderId) ?? []), key]);
  }

  cancel(key: string): void {
    this.#cancelled.add(key);
  }
}

/** The order in a business key `{orderId}:{step}:{attempt}`; undefined for a key of another shape. */
function orderInKey(key: string): number | undefined {
  const digits = /^(\d{1,15}):/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Shows whether a key came with the same body before, without keeping anybody's address. */
export function fingerprintOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32);
}
