import { type CarrierProvider, carrierOverHttp } from './carrier';
import { type HttpOptions, httpCall } from './http-call';
import { type PaymentProvider, paymentOverHttp } from './payment';
import { type WarehouseProvider, warehouseOverHttp } from './warehouse';

/** Each provider's port, by the provider's name. */
export interface Providers {
  readonly payment: PaymentProvider;
  readonly carrier: CarrierProvider;
  readonly warehouse: WarehouseProvider;
}

/** The ports over HTTP to the sandbox. */
export function sandboxProviders(options: HttpOptions): Providers {
  const call = httpCall(options);
  return { payment: paymentOverHttp(call), carrier: carrierOverHttp(call), warehouse: warehouseOverHttp(call) };
}
