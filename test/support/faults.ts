import type { OutageRequest, ProviderName } from '../../contracts/provider-api';
import type { Shop } from './shop';

/**
 * Makes a provider (payment, if none is named) unavailable or slow for one order, or well again. Slow, if nothing else
 * is said, is longer than a call within a workflow task may take.
 */
export async function outage(
  shop: Shop,
  orderId: number,
  mode: OutageRequest['mode'],
  { provider = 'payment', delayMs = 2_200 }: { provider?: ProviderName; delayMs?: number } = {},
): Promise<void> {
  await fetch(`${shop.system.sandbox}/faults/${provider}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode, orderId, ...(mode === 'slow' ? { delayMs } : {}) }),
  });
}

/** The carrier scans the parcel: from here on it can not be recalled. */
export async function pickUp(shop: Shop, orderId: number): Promise<void> {
  const key = `${orderId}:shipment:1`;
  const answer = await fetch(`${shop.system.sandbox}/carrier/shipments/${encodeURIComponent(key)}/scan`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'SHIPMENT_STARTED' }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
