import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from './client';

const PROBLEM = {
  type: 'about:blank',
  title: 'Not found',
  status: 404,
  code: 'ORDER_NOT_FOUND',
  detail: 'Check the id.',
};

describe('the client of the API', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function clientOf(listener: RequestListener, timeoutMs = 5_000): Promise<ApiClient> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new ApiClient({ address: `http://127.0.0.1:${port}/behind/a-gateway`, token: 'token', timeoutMs });
  }

  const echo: RequestListener = (request, response) => {
    response.setHeader('idempotent-replayed', 'true');
    response.end(JSON.stringify({ data: seenIn(request), message: 'ok' }));
  };
  const seenIn = ({ method, url, headers }: IncomingMessage) => ({
    method,
    url,
    authorization: headers.authorization,
    key: headers['idempotency-key'],
  });

  test('sends paths after that of the address, with its parameters encoded and undefined queries left out', async () => {
    const api = await clientOf(echo);
    const result = await api.as('another').call('GET /api/ops/coupons/{code}', {
      params: { code: 'a/b 한' },
      idempotencyKey: 'once',
    });
    expect(result).toMatchObject({ status: 200, message: 'ok', isReplayed: true });
    expect(result.data).toEqual({
      method: 'GET',
      url: '/behind/a-gateway/api/ops/coupons/a%2Fb%20%ED%95%9C',
      authorization: 'Bearer another',
      key: 'once',
    });
    const { data } = await api.call('GET /api/orders', { query: { limit: 2, before: undefined } });
    expect(data).toMatchObject({ url: '/behind/a-gateway/api/orders?limit=2' });
  });

  test('a request is checked against the document when it is compiled, and needs its parameters when it is sent', async () => {
    const api = await clientOf(echo);
    // @ts-expect-error: the parameter is missing.
    await expect(api.call('GET /api/orders/{orderId}')).rejects.toThrow('needs the parameter orderId');
    const order = { params: { orderId: 17 }, body: { decisionId: 'once', reason: 'late', step: 'payment' } };
    // @ts-expect-error: the body needs a decision.
    await api.call('POST /api/ops/sagas/{orderId}/resolve', order);
    const decided = { ...order, body: { ...order.body, decision: 'RETRY' } } as const;
    const { data } = await api.call('POST /api/ops/sagas/{orderId}/resolve', decided);
    // @ts-expect-error: no order has this status.
    expect(data.status === 'UNHEARD_OF').toBe(false);
    expect(data).toMatchObject({ method: 'POST', url: '/behind/a-gateway/api/ops/sagas/17/resolve' });
  });

  test('throws a refusal with its whole problem, and returns it where the caller looks at the status', async () => {
    const api = await clientOf((_request, response) => response.writeHead(404).end(JSON.stringify(PROBLEM)));
    await expect(api.call('GET /api/products')).rejects.toMatchObject({
      name: 'ApiProblem',
      status: 404,
      code: 'ORDER_NOT_FOUND',
      problem: PROBLEM,
    });
    expect(await api.request('GET /api/orders/1')).toMatchObject({ status: 404, body: PROBLEM });
  });

  test.each([200, 502])('a response %i that is no JSON of the API is an error of its own', async (status) => {
    const api = await clientOf((_request, response) => response.writeHead(status).end('<html>'));
    await expect(api.call('GET /api/products')).rejects.toMatchObject({ name: 'UnexpectedResponse', status });
  });

  test('a body that stalls is ApiUnavailable at the deadline', async () => {
    const stalled = await clientOf((_request, response) => response.writeHead(200).write('{"data":'), 200);
    await expect(stalled.call('GET /api/products')).rejects.toMatchObject({ name: 'ApiUnavailable' });
  });

  test('no connection and no response before the deadline are ApiUnavailable, an abort of the caller is not', async () => {
    const silent = await clientOf(() => undefined, 50);
    await expect(silent.call('GET /api/products')).rejects.toMatchObject({ name: 'ApiUnavailable' });
    const closed = new ApiClient({ address: 'http://127.0.0.1:1' });
    await expect(closed.call('GET /api/products')).rejects.toThrow('no response from http://127.0.0.1:1: bad port');
    await expect(silent.call('GET /api/products', { signal: AbortSignal.abort() })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
  });

  test('reads events one by one, after the last that was seen, and closes the stream when nobody reads on', async () => {
    let onClose: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      onClose = resolve;
    });
    const api = await clientOf(({ headers }, response) => {
      response.once('close', onClose);
      const id = Number(headers['last-event-id']) + 1;
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write(`retry: 2000\n\n: heartbeat\n\nid: ${id}\nevent: status\nda`);
      response.write(`ta: {"id":${id}}\n\n`);
    });
    for await (const event of api.events(1, { lastEventId: 6 })) {
      expect(event).toEqual({ id: 7 });
      break;
    }
    await closed;
  });
});
