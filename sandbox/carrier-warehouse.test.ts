import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runningSandbox } from './running-sandbox';

const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Sejong-daero', country: 'KR' };
const { call, restart, hangs } = runningSandbox();

describe('carrier and warehouse', () => {
  const ship = (recipientName: string, key = '1:shipment:1') =>
    call('POST', '/carrier/shipments', { key, orderId: 1, recipient: { ...recipient, recipientName } });
  const store = (recipientName: string, key = '1:warehouse:1') =>
    call('POST', '/warehouse/storages', { key, orderId: 1, recipientName });

  it('creates one parcel a key, and none after the key was cancelled, even unknown until then', async () => {
    const parcel = (await ship('Kim')).body;
    expect((await ship('Kim')).body).toEqual(parcel);
    expect(await ship('Lee')).toMatchObject({ status: 422, body: { code: 'KEY_REUSED' } });
    expect((await call('GET', '/carrier/shipments/1:shipment:1')).body).toEqual({ status: 'created', ...parcel });
    await call('POST', '/carrier/shipments/1:shipment:1/cancel');
    await call('POST', '/carrier/shipments/1:shipment:2/cancel');
    await call('POST', '/warehouse/storages/1:warehouse:1/cancel');
    await restart();
    expect(await ship('Kim')).toMatchObject({ status: 409, body: { code: 'CANCELLED' } });
    expect(await ship('Kim', '1:shipment:2')).toMatchObject({ status: 409, body: { code: 'CANCELLED' } });
    expect(await store('Kim')).toMatchObject({ status: 409, body: { code: 'CANCELLED' } });
    expect((await call('GET', '/carrier/shipments/1:shipment:3')).body).toEqual({ status: 'none' });
  });

  it('plays the faults that stand in the recipient name', async () => {
    expect(await ship('fault:ship_refused')).toMatchObject({ status: 422, body: { code: 'SHIPMENT_REFUSED' } });
    expect(await store('fault:store_refused')).toMatchObject({ status: 422, body: { code: 'STORE_REFUSED' } });
    const late = {
      key: '2:shipment:1',
      orderId: 2,
      recipient: { ...recipient, recipientName: 'fault:ship_timeout_after' },
    };
    expect(await hangs('/carrier/shipments', late)).toBe(true);
    const found = await call('GET', '/carrier/shipments/2:shipment:1');
    expect(found.body).toMatchObject({ status: 'created' });
    expect((await call('POST', '/carrier/shipments', late)).body.ref).toBe(found.body.ref);
  });

  it('fault:undo_refused:N: one count an order over both providers, kept across a restart, never armed again', async () => {
    await ship('fault:undo_refused:2');
    await store('fault:undo_refused:2');
    const refused = { status: 422, body: { code: 'UNDO_REFUSED' } };
    expect(await call('POST', '/warehouse/storages/1:warehouse:1/cancel')).toMatchObject(refused);
    await restart();
    expect(await call('POST', '/carrier/shipments/1:shipment:1/cancel')).toMatchObject(refused);
    expect((await call('POST', '/warehouse/storages/1:warehouse:1/cancel')).status).toBe(200);
    await ship('fault:undo_refused:2', '1:shipment:2');
    expect((await call('POST', '/carrier/shipments/1:shipment:2/cancel')).status).toBe(200);
  });

  it('posts each scan as a signed webhook until it is taken, and refuses to cancel what was picked up', async () => {
    const received: { signature: unknown; body: string }[] = [];
    const receiver = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        received.push({ signature: req.headers['x-carrier-signature'], body: Buffer.concat(chunks).toString() });
        res.writeHead(received.length === 1 ? 503 : 200).end();
        receiver.emit('taken');
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await restart({ webhook: { url, secret: 'hush' } });
    try {
      await ship('Kim');
      const scan = await call('POST', '/carrier/shipments/1:shipment:1/scan', { status: 'SHIPMENT_STARTED' });
      while (received.length < 2) await once(receiver, 'taken');
      for (const { body, signature } of received) {
        expect(JSON.parse(body)).toEqual({ ...scan.body, orderId: 1, schemaVersion: 1, status: 'SHIPMENT_STARTED' });
        expect(signature).toBe(`sha256=${createHmac('sha256', 'hush').update(body).digest('hex')}`);
      }
    } finally {
      receiver.close();
    }
    const cancelled = await call('POST', '/carrier/shipments/1:shipment:1/cancel');
    expect(cancelled).toMatchObject({ status: 409, body: { code: 'ALREADY_PICKED_UP' } });
    expect((await call('GET', '/carrier/shipments/1:shipment:1')).body).toMatchObject({ status: 'picked_up' });
    expect((await call('GET', '/carrier/shipments?orderId=1')).body).toMatchObject([{ status: 'SHIPMENT_STARTED' }]);
  });
});
