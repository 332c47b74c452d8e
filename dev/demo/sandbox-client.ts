import type { LedgerEntry, OutageRequest, ParcelView } from '../../contracts/provider-api';
import type { ShipmentStatus } from '../../contracts/workflow/messages';

/** The sandbox' own side: its ledger, its parcels, its faults. */
export class SandboxClient {
  constructor(private readonly url: string) {}

  /** The payment provider's own record of an order's money, oldest first. */
  ledger(orderId: number): Promise<LedgerEntry[]> {
    return this.call('GET', `/ledger?orderId=${orderId}`);
  }

  /** The carrier scans the order's newest parcel, which sends the shop its signed webhook. */
  async scan(orderId: number, status: ShipmentStatus): Promise<void> {
    const parcels = await this.call<ParcelView[]>('GET', `/carrier/shipments?orderId=${orderId}`);
    const parcel = parcels.filter(({ status: last }) => last !== 'CANCELLED').at(-1);
    if (!parcel) throw new Error(`the carrier has no parcel of order ${orderId}`);
    await this.call('POST', `/carrier/shipments/${encodeURIComponent(parcel.key)}/scan`, { status });
  }

  async payments(mode: OutageRequest['mode'], orderId: number): Promise<void> {
    await this.call('PUT', '/faults/payment', { mode, orderId });
  }

  private async call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(new URL(path, this.url), { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`sandbox ${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Result;
  }
}
