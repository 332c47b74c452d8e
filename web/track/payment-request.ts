import type { Address, PaymentRequest } from '../api/orders';

const REQUIRED = ['recipientName', 'phone', 'country', 'postalCode', 'address1'] as const;

/** What the form says; without an address, and where it goes, if both are to be as they were. */
export function paymentRequestOf(form: FormData): PaymentRequest {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return {
    paymentRequest: { method: 'CARD', token: text('token') },
    ...(form.has('recipientName') && { shipment: addressOf(text), warehouseStorage: form.has('storage') }),
  };
}

function addressOf(text: (name: string) => string): Address {
  const address2 = text('address2');
  return {
    recipientName: text('recipientName'),
    phone: text('phone'),
    country: text('country'),
    postalCode: text('postalCode'),
    address1: text('address1'),
    ...(address2 && { address2 }),
  };
}

/** The paths of the fields that are empty and may not be. */
export function missingFields({ paymentRequest, shipment }: PaymentRequest): string[] {
  return [
    ...(paymentRequest.token ? [] : ['paymentRequest.token']),
    ...REQUIRED.filter((field) => shipment && !shipment[field]).map((field) => `shipment.${field}`),
  ];
}
