import {
  type CreateShipmentRequest,
  cancelledResponseSchema,
  createShipmentResponseSchema,
  type ListedParcel,
  listedParcelSchema,
  type ShipmentState,
  shipmentStateSchema,
} from '../contracts/provider-api';
import { type HttpCall, UNDO } from './http-call';
import { type List, listOverHttp } from './list';

/** Parcels by business key. Errors as in PaymentProvider. */
export interface CarrierProvider {
  /** Same key, same parcel; after `cancel` of the key refused CANCELLED. */
  create(request: CreateShipmentRequest, signal?: AbortSignal): Promise<{ ref: string; trackingNumber: string }>;
  lookup(key: string, signal?: AbortSignal): Promise<ShipmentState>;
  /** Afterwards this key never ships, also when it was unknown until now. Refused ALREADY_PICKED_UP once scanned. */
  cancel(key: string, signal?: AbortSignal): Promise<void>;
  /** Every parcel that was ever made, cancelled ones included. */
  list: List<ListedParcel>;
}

export function carrierOverHttp(call: HttpCall): CarrierProvider {
  const shipments = '/carrier/shipments';
  const pathOf = (key: string) => `${shipments}/${encodeURIComponent(key)}`;
  return {
    create(body, signal) {
      const listed = { refused: ['SHIPMENT_REFUSED'], closed: ['CANCELLED'] };
      return call('POST', shipments, createShipmentResponseSchema, { body, signal, listed });
    },
    lookup: (key, signal) => call('GET', pathOf(key), shipmentStateSchema, { signal }),
    async cancel(key, signal) {
      const listed = { refused: [...UNDO.refused, 'ALREADY_PICKED_UP'] };
      await call('POST', `${pathOf(key)}/cancel`, cancelledResponseSchema, { signal, listed });
    },
    list: listOverHttp(call, '/carrier/changes', listedParcelSchema),
  };
}
