import { randomUUID } from 'node:crypto';
import type { OrderView } from '../../contracts/responses/orders';
import { couponState, unannouncedCouponRequest } from '../support/coupons';
import { Fixture } from '../support/fixture';
import type { ApiResponse } from '../support/shop';

describe('an order that names a coupon', () => {
  const shop = new Fixture().shop();

  const place = (
    body: Record<string, unknown>,
    headers: Record<string, string> = {},
  ): Promise<ApiResponse<OrderView>> => shop.call('POST', '/api/orders', { body, headers });

  test.each([
    ['a fixed discount', { type: 'FIXED', value: 300 }, 1_999, 300],
    ['a fixed discount larger than the sum', { type: 'FIXED', value: 9_000 }, 1_999, 1_999],
    ['a share, rounded down', { type: 'PERCENT', value: 15 }, 1_999, 299],
  ] as const)('%s is in the total and in every view', async (_what, discount, price, off) => {
    const [sku, code] = await Promise.all([shop.product(5, price), shop.issuedCoupon({ discount })]);
    const { status, body } = await place({ lines: [{ sku, quantity: 1 }], couponCode: code });
    const money = { totalAmount: price - off, couponCode: code, discountAmount: off };
    expect([status, body.data]).toEqual([201, expect.objectContaining(money)]);
    const { orderId } = body.data;
    expect((await shop.call('GET', `/api/orders/${orderId}`)).body.data).toMatchObject(money);
    const list = await shop.call<OrderView[]>('GET', '/api/orders');
    expect(list.body.data.find((order) => order.orderId === orderId)).toMatchObject(money);
    expect(await couponState(shop, code)).toBe(`claimed by ${orderId}`);
  });

  test('without a coupon no view speaks of one', async () => {
    const { body } = await place({ lines: [{ sku: await shop.product(5), quantity: 1 }] });
    for (const name of ['couponCode', 'discountAmount']) expect(body.data).not.toHaveProperty(name);
  });

  test("a coupon that was not issued to the customer, or is another's, is refused, and no order is saved", async () => {
    const sku = await shop.product(5);
    const lines = [{ sku, quantity: 1 }];
    const requested = await unannouncedCouponRequest(shop, await shop.coupon(1));
    const codes = [await shop.issuedCoupon({}, 'lee@example.com'), requested.code, 'no-such-coupon'];
    for (const couponCode of codes)
      expect(await place({ lines, couponCode })).toMatchObject({ status: 422, body: { code: 'COUPON_NOT_ISSUED' } });
    expect(await shop.db('order_lines').where({ sku })).toEqual([]);
  });

  test('the minimum is of the lines, before the discount', async () => {
    const [sku, code] = await Promise.all([shop.product(5, 500), shop.issuedCoupon({ minimumAmount: 1_000 })]);
    const order = (quantity: number) => place({ lines: [{ sku, quantity }], couponCode: code });
    expect(await order(1)).toMatchObject({
      status: 422,
      body: { code: 'COUPON_MINIMUM_NOT_MET', minimumAmount: 1_000 },
    });
    expect(await couponState(shop, code)).toBe('free');
    expect(await order(2)).toMatchObject({ status: 201, body: { data: { totalAmount: 900 } } });
  });

  test('of twenty at once with one coupon, one gets it', async () => {
    const [sku, code] = await Promise.all([shop.product(100), shop.issuedCoupon()]);
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => place({ lines: [{ sku, quantity: 1 }], couponCode: code })),
    );
    const [won, ...more] = responses.filter(({ status }) => status === 201);
    expect(more).toEqual([]);
    for (const { status, body } of responses)
      if (status !== 201) expect([status, body.code]).toEqual([409, 'COUPON_IN_USE']);
    expect(await shop.db('order_lines').where({ sku })).toHaveLength(1);
    expect(await couponState(shop, code)).toBe(`claimed by ${won?.body.data.orderId}`);
  });

  test('twenty times under one Idempotency-Key, it claims once', async () => {
    const [sku, code] = await Promise.all([shop.product(100), shop.issuedCoupon()]);
    const headers = { 'idempotency-key': randomUUID() };
    const body = { lines: [{ sku, quantity: 1 }], couponCode: code };
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => place(body, headers)));
    const [first, ...others] = [await place(body, headers), ...atOnce.filter(({ status }) => status === 201)];
    expect(first.headers.get('idempotent-replayed')).toBe('true');
    expect(others.length).toBeGreaterThan(0);
    for (const response of others) expect(response.body).toEqual(first.body);
    for (const response of atOnce)
      if (response.status !== 201) expect(response.body.code).toBe('IDEMPOTENCY_IN_FLIGHT');
    expect(await shop.db('order_lines').where({ sku })).toHaveLength(1);
    expect(await couponState(shop, code)).toBe(`claimed by ${first.body.data.orderId}`);
  });
});
