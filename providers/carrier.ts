export interface Recipient {
  recipientName: string;
  phone: string;
  postalCode: string;
  address1: string;
  address2?: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

export interface ShipmentRequest {
  /** The business key, `{orderId}:{step}:{attempt}`. */
  key: string;
  orderId: number;
  recipient: Recipient;
}

/** 'picked_up' from the first scan SHIPMENT_STARTED on. */
export type ShipmentState =
  | { status: 'none' }
  | { status: 'created' | 'picked_up'; ref: string; trackingNumber: string }
  | { status: 'cancelled' };

/** Parcels by business key. Errors as in PaymentProvider. */
export interface CarrierProvider {
  /** Same key, same parcel; after `cancel` of the key refused CANCELLED. */
  create(request: ShipmentRequest, signal?: AbortSignal): Promise<{ ref: string; trackingNumber: string }>;
  lookup(key: string, signal?: AbortSignal): Promise<ShipmentState>;
  /** Afterwards this key never ships, also when it was unknown until now. Refused ALREADY_PICKED_UP once scanned. */
  cancel(key: string, signal?: AbortSignal): Promise<void>;
}
