import type { OutageRequest, OutageView, ProviderName } from '../contracts/provider-api';

/** Outages in force, by provider, for one order or for all; gone after a restart. */
export class Outages {
  readonly #outages = new Map<string, OutageView>();

  /** `none` ends the outage of its scope; without an order, every outage of the provider. */
  set(provider: ProviderName, { mode, delayMs, orderId }: OutageRequest): void {
    if (mode !== 'none') {
      this.#outages.set(scope(provider, orderId), { provider, mode, delayMs, orderId });
    } else if (orderId !== undefined) {
      this.#outages.delete(scope(provider, orderId));
    } else {
      for (const [key, outage] of this.#outages) if (outage.provider === provider) this.#outages.delete(key);
    }
  }

  list(): OutageView[] {
    return [...this.#outages.values()];
  }

  /** The order's own outage comes before the provider's. */
  of(provider: ProviderName, orderId: number | undefined): OutageView | undefined {
    if (this.#outages.size === 0) return undefined;
    return this.#outages.get(scope(provider, orderId)) ?? this.#outages.get(scope(provider, undefined));
  }
}

function scope(provider: ProviderName, orderId: number | undefined): string {
  return `${provider}/${orderId ?? '*'}`;
}
