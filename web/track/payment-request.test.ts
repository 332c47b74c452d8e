import { missingFields, paymentRequestOf } from './payment-request';

const ADDRESS = {
  recipientName: ' Kim Jiwoo ',
  phone: '010-0000-0000',
  country: 'KR',
  postalCode: '04524',
  address1: 'Sejong-daero 110',
  address2: '',
};

function form(values: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
}

test('the address that was given before is not sent again, nor whether it goes to the warehouse', () => {
  const request = paymentRequestOf(form({ token: 'tok_visa', address: 'same' }));
  expect(request).toEqual({ paymentRequest: { method: 'CARD', token: 'tok_visa' } });
  expect(missingFields(request)).toEqual([]);
});

test('a new address is sent without what is empty', () => {
  const request = paymentRequestOf(form({ token: 'tok_visa', storage: 'on', ...ADDRESS }));
  const { address2: _empty, ...address } = ADDRESS;
  expect(request.shipment).toEqual({ ...address, recipientName: 'Kim Jiwoo' });
  expect(request.warehouseStorage).toBe(true);
});

test('what is missing is named by the paths that the API uses', () => {
  const request = paymentRequestOf(form({ ...ADDRESS, phone: ' ', address1: '' }));
  expect(missingFields(request)).toEqual(['paymentRequest.token', 'shipment.phone', 'shipment.address1']);
});
