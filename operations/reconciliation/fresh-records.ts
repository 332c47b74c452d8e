import type { ShipmentState, StorageState } from '../../contracts/provider-api';
import type { ComparedOrder, UnknownOrder } from '../../db/compared-orders';
import type { ListedProvider, ProviderRecord } from '../../db/provider-records';
import { STEP_OF } from './comparison';
import type { ComparedProviders } from './provider-readings';

/** What names the records that a provider can have of an order. */
export type Suspect = UnknownOrder & Partial<Pick<ComparedOrder, 'steps' | 'money'>>;

/**
 * What a provider has of an order now, under every ref and key that it or we have. Throws as a look-up does: while a provider is
 * unavailable nothing is known.
 */
export async function freshRecords(
  providers: ComparedProviders,
  provider: ListedProvider,
  suspect: Suspect,
): Promise<ProviderRecord[]> {
  const records: ProviderRecord[] = [];
  for (const named of namedRecords(provider, suspect)) {
    const fresh = await (provider === 'payment'
      ? freshPayment(providers, named)
      : freshGoods(providers, provider, named));
    if (fresh) records.push(fresh);
  }
  return records;
}

type NamedRecord = Pick<ProviderRecord, 'key' | 'changedAt'> & { readonly ref: string | null };

/** Payments are asked for by their ref, goods by their key; what the mirror has comes first. */
function namedRecords(provider: ListedProvider, { id, records, steps = [], money = [] }: Suspect): ProviderRecord[] {
  const mirrored = records.filter((record) => record.provider === provider);
  const ofSteps = steps
    .filter(({ step }) => step === STEP_OF[provider])
    .map(({ key, providerRef, updatedAt }) => ({ key, ref: providerRef, changedAt: updatedAt }));
  const ofLedger = money.flatMap(({ key, refs, changedAt }) => refs.map((ref) => ({ key, ref, changedAt })));
  const named: NamedRecord[] =
    provider === 'payment' ? [...mirrored, ...ofSteps, ...ofLedger] : [...mirrored, ...ofSteps];
  const unseen = { provider, orderId: id, status: '', capturedMinor: 0, refundedMinor: 0, currency: null };
  const found = new Map<string, ProviderRecord>();
  for (const { ref, ...record } of named) {
    const name = provider === 'payment' ? ref : record.key;
    if (name && !found.has(name)) found.set(name, { ...unseen, ...record, ref: ref ?? '' });
  }
  return [...found.values()];
}

async function freshPayment(
  { payment }: ComparedProviders,
  record: ProviderRecord,
): Promise<ProviderRecord | undefined> {
  const facts = await payment.find(record.ref);
  return facts && { ...record, ...facts };
}

async function freshGoods(
  providers: ComparedProviders,
  provider: 'carrier' | 'warehouse',
  record: ProviderRecord,
): Promise<ProviderRecord | undefined> {
  const state = await providers[provider].lookup(record.key);
  if (state.status === 'none') return undefined;
  const ref = 'ref' in state ? state.ref : record.ref;
  return { ...record, ref, status: listedStatus(state, record.status) };
}

/** A look-up says less of a parcel on its way than the list. */
function listedStatus({ status }: ShipmentState | StorageState, mirrored: string): string {
  if (status !== 'picked_up') return status.toUpperCase();
  return ['SHIPMENT_STARTED', 'IN_TRANSIT', 'DELIVERED'].includes(mirrored) ? mirrored : 'SHIPMENT_STARTED';
}
