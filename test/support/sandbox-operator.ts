import type { z } from 'zod';
import type {
  OutageRequest,
  outageRequestSchema,
  ParcelView,
  ProviderName,
  StorageView,
} from '../../contracts/provider-api';

export interface LedgerEntry {
  readonly type: 'charge' | 'refund';
  readonly orderId: number;
  readonly amount: number;
  readonly key: string;
}

type SlowInput = Extract<z.input<typeof outageRequestSchema>, { mode: 'slow' }>;
type GatewayInput = Extract<z.input<typeof outageRequestSchema>, { mode: 'gateway' }>;

/** A sandbox's faults, depot and ledger, from outside. */
export class SandboxOperator {
  constructor(private readonly sandboxUrl: string) {}

  /**
   * Makes a provider unavailable or slow for one order, or well again. Slow is by default longer than a call within a
   * workflow task may take.
   */
  async outage(
    orderId: number,
    mode: OutageRequest['mode'],
    provider: ProviderName = 'payment',
    delayMs = 2_200,
  ): Promise<void> {
    const body = JSON.stringify({ mode, orderId, ...(mode === 'slow' ? { delayMs } : {}) });
    await this.call('PUT', `/faults/${provider}`, body);
  }

  /** What a gateway responds instead of the provider. */
  async gateway(provider: ProviderName, fault: Omit<GatewayInput, 'mode'>): Promise<void> {
    await this.call('PUT', `/faults/${provider}`, JSON.stringify({ mode: 'gateway', ...fault }));
  }

  /** The provider acts late, of some calls. */
  async slow(provider: ProviderName, fault: Omit<SlowInput, 'mode'>): Promise<void> {
    await this.call('PUT', `/faults/${provider}`, JSON.stringify({ mode: 'slow', ...fault }));
  }

  async endFaults(provider: ProviderName, orderId?: number): Promise<void> {
    await this.call('PUT', `/faults/${provider}`, JSON.stringify({ mode: 'none', orderId }));
  }

  /** Every parcel that the carrier ever made for the order. */
  async parcels(orderId: number): Promise<ParcelView[]> {
    return (await this.call('GET', `/carrier/shipments?orderId=${orderId}`)).json() as Promise<ParcelView[]>;
  }

  /** All that the warehouse ever took in for the order. */
  async storages(orderId: number): Promise<StorageView[]> {
    return (await this.call('GET', `/warehouse/storages?orderId=${orderId}`)).json() as Promise<StorageView[]>;
  }

  /** The carrier scans the parcel: from here on it can not be recalled. */
  async pickUp(orderId: number): Promise<void> {
    const key = encodeURIComponent(`${orderId}:shipment:1`);
    await this.call('POST', `/carrier/shipments/${key}/scan`, JSON.stringify({ status: 'SHIPMENT_STARTED' }));
  }

  /** The provider's own ledger: the witness that is independent of our database. */
  async ledger(orderId: number): Promise<LedgerEntry[]> {
    return (await this.call('GET', `/ledger?orderId=${orderId}`)).json() as Promise<LedgerEntry[]>;
  }

  async capturedNet(orderId: number): Promise<number> {
    const entries = await this.ledger(orderId);
    return entries.reduce((sum, { type, amount }) => sum + (type === 'charge' ? amount : -amount), 0);
  }

  private async call(method: string, path: string, body?: string): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.sandboxUrl}${path}`, { method, headers, ...(body ? { body } : {}) });
    if (!response.ok) throw new Error(`sandbox: ${await response.text()}`);
    return response;
  }
}
