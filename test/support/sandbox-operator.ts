import type { z } from 'zod';
import type {
  OutageRequest,
  outageRequestSchema,
  ParcelView,
  ProviderName,
  StorageView,
} from '../../contracts/provider-api';
import type { LedgerEntry } from './shop';

type GatewayInput = Extract<z.input<typeof outageRequestSchema>, { mode: 'gateway' }>;

/** A sandbox's faults, depot and ledger, from outside. */
export class SandboxDesk {
  constructor(private readonly sandboxUrl: string) {}

  async outage(
    orderId: number,
    mode: OutageRequest['mode'],
    provider: ProviderName = 'payment',
    delayMs = 250,
  ): Promise<void> {
    const body = JSON.stringify({ mode, orderId, ...(mode === 'slow' ? { delayMs } : {}) });
    await this.askSandbox('PUT', `/faults/${provider}`, body);
  }

  /** What a gateway says in the provider's place. */
  async gateway(provider: ProviderName, fault: Omit<GatewayInput, 'mode'>): Promise<void> {
    await this.askSandbox('PUT', `/faults/${provider}`, JSON.stringify({ mode: 'gateway', ...fault }));
  }

  async endFaults(provider: ProviderName, orderId?: number): Promise<void> {
    await this.askSandbox('PUT', `/faults/${provider}`, JSON.stringify({ mode: 'none', orderId }));
  }

  /** Every parcel that the carrier ever made for the order. */
  async parcels(orderId: number): Promise<ParcelView[]> {
    return (await this.askSandbox('GET', `/carrier/shipments?orderId=${orderId}`)).json() as Promise<ParcelView[]>;
  }

  /** All that the warehouse ever took in for the order. */
  async storages(orderId: number): Promise<StorageView[]> {
    return (await this.askSandbox('GET', `/warehouse/storages?orderId=${orderId}`)).json() as Promise<StorageView[]>;
  }

  async pickUp(orderId: number): Promise<void> {
    const key = encodeURIComponent(`${orderId}:shipment:1`);
    await this.askSandbox('POST', `/carrier/shipments/${key}/scan`, JSON.stringify({ status: 'SHIPMENT_STARTED' }));
  }

  async ledger(orderId: number): Promise<LedgerEntry[]> {
    return (await this.askSandbox('GET', `/ledger?orderId=${orderId}`)).json() as Promise<LedgerEntry[]>;
  }

  async capturedNet(orderId: number): Promise<number> {
    const entries = await this.ledger(orderId);
    return entries.reduce((sum, { type, amount }) => sum + (type === 'charge' ? amount : -amount), 0);
  }

  private async askSandbox(method: string, path: string, body?: string): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.sandboxUrl}${path}`, { method, headers, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(`sandbox: ${await answer.text()}`);
    return answer;
  }
}
