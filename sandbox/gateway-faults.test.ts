import { runningSandbox } from './running-sandbox';

const { call, restart, opened, ledgerTypes, url } = runningSandbox();

const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Sejong-daero', country: 'KR' };
const parcel = { key: '1:shipment:1', orderId: 1, recipient };
const goods = { key: '1:warehouse:1', orderId: 1, recipientName: 'Kim' };

describe('a gateway in front of a provider', () => {
  it('responds in its place, as it is configured, before the effect or after it', async () => {
    const fault = { mode: 'gateway', operation: 'create', status: 404, body: '<html>', headers: { 'x-by': 'proxy' } };
    await call('PUT', '/faults/carrier', fault);
    const before = await fetch(`${url()}/carrier/shipments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(parcel),
    });
    expect([before.status, before.headers.get('x-by'), await before.text()]).toEqual([404, 'proxy', '<html>']);
    expect((await call('GET', '/carrier/shipments?orderId=1')).body).toEqual([]);

    await call('PUT', '/faults/carrier', { ...fault, body: '{}', when: 'after' });
    expect((await call('POST', '/carrier/shipments', parcel)).status).toBe(404);
    expect((await call('GET', '/carrier/shipments?orderId=1')).body).toMatchObject([{ status: 'CREATED' }]);
  });

  it('loses the response where it has no status', async () => {
    const payment = await opened('tok_visa');
    await call('PUT', '/faults/payment', { mode: 'gateway', operation: 'confirm', when: 'after' });
    await expect(call('POST', `${payment}/confirm`)).rejects.toThrow('fetch failed');
    expect(await ledgerTypes()).toEqual(['charge']);
    await expect(call('GET', payment)).resolves.toMatchObject({ status: 200, body: { status: 'captured' } });
  });

  it('is met by so many calls of its operation and its order, and by no other', async () => {
    const [first, second] = [await opened('tok_visa', 1), await opened('tok_visa', 2)];
    await call('PUT', '/faults/payment', {
      mode: 'gateway',
      operation: 'lookup',
      orderId: 1,
      status: 401,
      body: '{}',
      times: 2,
    });
    const statuses: number[] = [];
    for (const path of [second, first, first, first]) statuses.push((await call('GET', path)).status);
    expect(statuses).toEqual([200, 401, 401, 200]);
    expect((await call('GET', '/faults')).body).toEqual([]);
    const met = { provider: 'payment', operation: 'lookup', orderId: 1, fault: { status: 401 } };
    expect((await call('GET', '/faults/met?orderId=1')).body).toMatchObject([met, met]);
    expect((await call('GET', '/faults/met?orderId=2')).body).toEqual([]);
  });

  it('gives way to the fault that is more particular, and ends with its order', async () => {
    const payment = await opened('tok_visa', 1);
    const faults = [{ status: 500 }, { status: 501, orderId: 1 }, { status: 502, orderId: 1, operation: 'lookup' }];
    for (const fault of faults) await call('PUT', '/faults/payment', { mode: 'gateway', body: '{}', ...fault });
    expect((await call('GET', payment)).status).toBe(502);
    await call('PUT', '/faults/payment', { mode: 'none', operation: 'lookup', orderId: 1 });
    expect((await call('GET', payment)).status).toBe(501);
    await call('PUT', '/faults/payment', { mode: 'none', orderId: 1 });
    expect((await call('GET', payment)).status).toBe(500);
    await call('PUT', '/faults/payment', { mode: 'none' });
    expect((await call('GET', payment)).status).toBe(200);
  });

  it.each([
    { mode: 'gateway', status: 99 },
    { mode: 'gateway', operation: 'steal' },
    { mode: 'gateway', times: 0 },
    {},
  ])('is refused where it makes no sense: %j', async (fault) => {
    expect((await call('PUT', '/faults/payment', fault)).status).toBe(400);
  });

  it.each([
    { headers: { 'two words': 'x' } },
    { headers: { '': 'x' } },
    { headers: { 'x-by': 'two\r\nlines' } },
    { headers: { 'x-by': '프록시' } },
    { headers: { trailer: 'x-sum' }, status: 204 },
  ])('is refused at once where it cannot be sent, and no call meets it: %j', async (response) => {
    const payment = await opened('tok_visa');
    const refused = await call('PUT', '/faults/payment', { mode: 'gateway', status: 502, ...response });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', errors: [{ path: expect.stringMatching(/^headers/) }] },
    });
    expect((await call('GET', '/faults')).body).toEqual([]);
    expect((await call('GET', payment)).status).toBe(200);
  });
});

describe('the warehouse', () => {
  it('lists what it holds for an order, also after a restart', async () => {
    await call('POST', '/warehouse/storages', goods);
    await call('POST', '/warehouse/storages', { ...goods, key: '1:warehouse:2' });
    await call('POST', '/warehouse/storages', { ...goods, key: '2:warehouse:1', orderId: 2 });
    await call('POST', '/warehouse/storages/1:warehouse:1/cancel');
    await restart();
    expect((await call('GET', '/warehouse/storages?orderId=1')).body).toEqual([
      { key: '1:warehouse:1', orderId: 1, ref: expect.stringMatching(/^sto_/) as string, status: 'CANCELLED' },
      { key: '1:warehouse:2', orderId: 1, ref: expect.stringMatching(/^sto_/) as string, status: 'STORED' },
    ]);
    expect((await call('GET', '/warehouse/storages?orderId=9')).body).toEqual([]);
    expect((await call('GET', '/warehouse/storages')).status).toBe(400);
  });
});
