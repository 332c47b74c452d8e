import { type Check, each } from './invariant';

interface Listed {
  readonly key: string;
  readonly status: string;
}

const ON_ITS_WAY: ReadonlySet<string> = new Set(['PREPARING', 'SHIPMENT_STARTED', 'IN_TRANSIT', 'COMPLETED']);

/** I10: nothing of an order that is not sold is on its way or in storage; of one that is, one parcel, and at most one storage. */
export const goodsAreWhereTheyBelong: Check = ({ outside, orders }) =>
  each(orders, async ({ id, status }) => {
    const list = async (path: string) =>
      (await outside.provider<Listed[]>(`${path}?orderId=${id}`)).filter((one) => one.status !== 'CANCELLED');
    const [parcels, storages] = await Promise.all([list('/carrier/shipments'), list('/warehouse/storages')]);
    // A refund leaves what has been delivered.
    const isWithCustomer = status === 'REFUNDED';
    const wanted = ON_ITS_WAY.has(status) ? 1 : 0;
    const found: string[] = [];
    if (!isWithCustomer && parcels.length !== wanted)
      found.push(`order ${id} is ${status} and has ${parcels.length} live parcels: ${JSON.stringify(parcels)}`);
    if (!isWithCustomer && storages.length > wanted)
      found.push(`order ${id} is ${status} and has ${storages.length} things in storage: ${JSON.stringify(storages)}`);
    return found;
  });
