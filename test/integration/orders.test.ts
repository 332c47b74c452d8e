import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';

describe('an order', () => {
  const shop = new Fixture().shop();

  test('that is paid is PREPARING, charged once and its stock sold', async () => {
    const { orderId, sku } = await shop.payableOrder(2, 10);
    expect(await shop.stock(sku)).toEqual({ free: 8, held: 2, sold: 0 });

    const response = await shop.pay(orderId);
    expect(response.status).toBe(202);
    expect(response.body.message).toBe('주문 처리가 시작되었습니다.');
    expect(response.body.data).toEqual({
      orderId,
      status: 'PROCESSING',
      message: '주문이 접수되었습니다. 결제를 처리하고 있습니다.',
      // What orders take here, once the api has seen some.
      estimatedProcessingTime: expect.stringMatching(/^\d+(-\d+)?(초|분)$/),
      websocketTopic: `/topic/order/${orderId}`,
      statusCheckUrl: `/api/orders/${orderId}/status`,
    });

    const view = await shop.workflowReaches(orderId, 'PREPARING', 'WAITING');
    expect(view).toMatchObject({
      statusDescription: '상품 준비 중',
      progressPercentage: 55,
      canCancel: true,
    });
    expect(await shop.providers.ledger(orderId)).toMatchObject([
      { type: 'charge', amount: 2_000, key: `${orderId}:payment:1` },
    ]);
    expect(await shop.stock(sku)).toEqual({ free: 8, held: 0, sold: 2 });
    await expectLedgersToBalance(shop, orderId);
  });
});
