import {
  cancelledResponseSchema,
  type ListedStorage,
  listedStorageSchema,
  type StorageState,
  type StoreRequest,
  storageStateSchema,
  storeResponseSchema,
} from '../contracts/provider-api';
import { type HttpCall, UNDO } from './http-call';
import { type List, listOverHttp } from './list';

/** Storage by business key. Errors as in PaymentProvider. */
export interface WarehouseProvider {
  /** Same key, same storage; after `cancel` of the key refused CANCELLED. */
  store(request: StoreRequest, signal?: AbortSignal): Promise<{ ref: string }>;
  lookup(key: string, signal?: AbortSignal): Promise<StorageState>;
  /** Afterwards this key is never stored, also when it was unknown until now. */
  cancel(key: string, signal?: AbortSignal): Promise<void>;
  /** All that was ever stored, also what was taken out. */
  list: List<ListedStorage>;
}

export function warehouseOverHttp(call: HttpCall): WarehouseProvider {
  const storages = '/warehouse/storages';
  const pathOf = (key: string) => `${storages}/${encodeURIComponent(key)}`;
  return {
    store(body, signal) {
      const listed = { refused: ['STORE_REFUSED'], closed: ['CANCELLED'] };
      return call('POST', storages, storeResponseSchema, { body, signal, listed });
    },
    lookup: (key, signal) => call('GET', pathOf(key), storageStateSchema, { signal }),
    async cancel(key, signal) {
      await call('POST', `${pathOf(key)}/cancel`, cancelledResponseSchema, { signal, listed: UNDO });
    },
    list: listOverHttp(call, '/warehouse/changes', listedStorageSchema),
  };
}
