import type { OutageRequest, OutageView, ProviderName, ProviderOperation } from '../contracts/provider-api';

/** A call that met a fault. */
export interface MetFault {
  readonly provider: ProviderName;
  readonly operation: ProviderOperation;
  readonly orderId: number | undefined;
  readonly fault: OutageView;
  readonly at: string;
}

/** The calls that a fault is about. */
interface Scope {
  readonly operation?: ProviderOperation | undefined;
  readonly orderId?: number | undefined;
}

/** So many calls that met a fault are remembered. */
const REMEMBERED = 10_000;

/** Faults in force, by provider, operation and order, and the calls that met one; gone after a restart. */
export class Outages {
  readonly #outages = new Map<string, { readonly view: OutageView; left: number }>();
  readonly #met: MetFault[] = [];

  /** `none` ends every fault that is about its operation and its order; without them, every fault of the provider. */
  set(provider: ProviderName, request: OutageRequest): void {
    if (request.mode === 'none') {
      for (const [key, { view }] of this.#outages)
        if (view.provider === provider && isWithin(view, request)) this.#outages.delete(key);
      return;
    }
    const times = request.mode === 'gateway' ? request.times : undefined;
    this.#outages.set(scopeOf(provider, request), {
      view: { provider, ...request },
      left: times ?? Number.POSITIVE_INFINITY,
    });
  }

  list(): OutageView[] {
    return [...this.#outages.values()].map(({ view }) => view);
  }

  /** The fault that this call meets, the most particular first; one that is for so many calls has one less then. */
  meet(provider: ProviderName, operation: ProviderOperation, orderId: number | undefined): OutageView | undefined {
    if (this.#outages.size === 0) return undefined;
    const scopes: Scope[] = [{ operation, orderId }, { orderId }, { operation }, {}];
    for (const scope of scopes.map((one) => scopeOf(provider, one))) {
      const found = this.#outages.get(scope);
      if (!found) continue;
      found.left -= 1;
      if (found.left <= 0) this.#outages.delete(scope);
      this.#note({ provider, operation, orderId, fault: found.view, at: new Date().toISOString() });
      return found.view;
    }
    return undefined;
  }

  /** The calls of an order that met a fault, oldest first. */
  metBy(orderId: number): MetFault[] {
    return this.#met.filter((met) => met.orderId === orderId);
  }

  #note(met: MetFault): void {
    this.#met.push(met);
    if (this.#met.length > REMEMBERED) this.#met.shift();
  }
}

function isWithin(fault: Scope, { operation, orderId }: Scope): boolean {
  return (
    (operation === undefined || fault.operation === operation) && (orderId === undefined || fault.orderId === orderId)
  );
}

function scopeOf(provider: ProviderName, { operation, orderId }: Scope): string {
  return `${provider}/${operation ?? '*'}/${orderId ?? '*'}`;
}
