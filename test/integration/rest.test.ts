import { Fixture } from '../support/fixture';

describe('the REST API', () => {
  const shop = new Fixture().shop();

  test('answers problems as RFC 9457, in Korean or English, with a stable type and code', async () => {
    const korean = await shop.call('GET', '/api/orders/999999999/status');
    expect(korean.status).toBe(404);
    expect(korean.headers.get('content-type')).toContain('application/problem+json');
    expect(korean.body).toMatchObject({ code: 'ORDER_NOT_FOUND', type: expect.stringContaining('order-not-found') });
    expect(JSON.stringify(korean.body)).toContain('주문을 찾을 수 없습니다');
    const english = await shop.call('GET', '/api/orders/999999999/status', { headers: { 'accept-language': 'en' } });
    expect(JSON.stringify(english.body)).not.toMatch(/[가-힣]/);
  });

  test("shows an order to its owner only: another's order is not there", async () => {
    const { orderId } = await shop.payableOrder();
    const token = await shop.token('thief@example.com');
    for (const [method, path, body] of [
      ['GET', `/api/orders/${orderId}`],
      ['GET', `/api/orders/${orderId}/status`],
      ['POST', `/api/orders/${orderId}/cancel`, { reason: 'mischief' }],
      ['POST', `/api/orders/${orderId}/refund`, { reason: 'mischief' }],
    ] as const)
      expect([path, (await shop.call(method, path, { token, body })).status]).toEqual([path, 404]);
    expect((await shop.status(orderId)).status).toBe('PENDING_PAYMENT');
  });

  test.each([
    ['no token', {}, 401],
    ['a forged token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcCIsInJvbGUiOiJvcGVyYXRvciJ9.' }, 401],
  ])('refuses %s', async (_what, headers, status) => {
    const response = await fetch(`${shop.system.api}/api/orders`, { headers });
    expect(response.status).toBe(status);
  });

  test('lets only operators change products', async () => {
    const response = await shop.call('PUT', '/api/ops/products/mug', { body: { name: 'Mug', price: 1, stock: 1 } });
    expect(response).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  test('says what is wrong with bad input', async () => {
    const post = (body: string, type = 'application/json') =>
      shop.token().then((token) =>
        fetch(`${shop.system.api}/api/orders`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': type },
          body,
        }),
      );
    expect((await post('{"lines":')).status).toBe(400);
    expect((await post('{"lines":[]}')).status).toBe(400);
    expect((await post(JSON.stringify({ lines: [{ sku: 'x', quantity: 1, pad: 'x'.repeat(200_000) }] }))).status).toBe(
      413,
    );
    const unknown = await shop.call('POST', '/api/orders', {
      body: { lines: [{ sku: 'no-such-thing', quantity: 1 }] },
    });
    expect(unknown).toMatchObject({ status: 422, body: { code: 'UNKNOWN_SKU' } });
  });

  test('says that the database answers when the order is at its end', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'no' } });
    expect(await shop.reaches(orderId, 'CANCELLED')).toMatchObject({
      source: 'database',
      progressPercentage: 100,
      canCancel: false,
    });
  });

  test.each(['api', 'relay', 'bridge', 'worker'] as const)('%s serves its probes and metrics', async (role) => {
    const url = role === 'api' ? shop.system.api : shop.system.probes[role];
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(`role="${role}"`);
  });
});
