export interface StorageRequest {
  /** The business key, `{orderId}:{step}:{attempt}`. */
  key: string;
  orderId: number;
  /** For whom the goods are kept. */
  recipientName: string;
}

export type StorageState = { status: 'none' } | { status: 'stored'; ref: string } | { status: 'cancelled' };

/** Storage by business key. Errors as in PaymentProvider. */
export interface WarehouseProvider {
  /** Same key, same storage; after `cancel` of the key refused CANCELLED. */
  store(request: StorageRequest, signal?: AbortSignal): Promise<{ ref: string }>;
  lookup(key: string, signal?: AbortSignal): Promise<StorageState>;
  /** Afterwards this key is never stored, also when it was unknown until now. */
  cancel(key: string, signal?: AbortSignal): Promise<void>;
}
