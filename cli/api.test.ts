import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api } from './api';

test('the path of the address is kept before those of the API', async () => {
  const server = createServer((request, response) => response.end(JSON.stringify({ data: request.url }))).listen(0);
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const api = new Api(`http://127.0.0.1:${port}/behind/a-gateway`, 'token');
    expect(await api.get('/api/orders/1', { limit: 2 })).toBe('/behind/a-gateway/api/orders/1?limit=2');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
