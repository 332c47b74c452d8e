import { orderWorkflowId, TASK_QUEUES, WORKFLOWS } from '../../contracts/workflow-api';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

describe('what orders are searched by in Temporal', () => {
  const shop = new Fixture().shop();

  async function attributesOf(orderId: number) {
    const { searchAttributes } = await (await shop.temporal()).workflow.getHandle(orderWorkflowId(orderId)).describe();
    return { status: searchAttributes.OrderStatus, state: searchAttributes.SagaState };
  }

  const shows = (orderId: number, status: string, state: string) =>
    until(
      `order ${orderId} to be found as ${status}`,
      () => attributesOf(orderId),
      (found) => found.status?.[0] === status && found.state?.[0] === state,
    );

  async function upsertsOf(orderId: number): Promise<number> {
    const { events } = await (await shop.temporal()).workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
    return (events ?? []).filter((event) => event.upsertWorkflowSearchAttributesEventAttributes).length;
  }

  test('is written where it changes, and comes with the start where it does not', async () => {
    const { orderId } = await shop.payableOrder();
    await shows(orderId, 'PENDING_PAYMENT', 'WAITING');
    expect(await upsertsOf(orderId)).toBe(0);
    await shop.pay(orderId);
    await shows(orderId, 'PREPARING', 'WAITING');
    expect(await upsertsOf(orderId)).toBe(1);
  });

  test('is written by an order that ends before it waits', async () => {
    const orderId = await shop.order(await shop.product(1), 2);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await shows(orderId, 'CANCELLED', 'SETTLED');
  });

  test('is written by a workflow that was started without it', async () => {
    const sku = await shop.product(1);
    const [order] = (await shop
      .db('orders')
      .insert({ user_id: 'u', user_email: 'u@example.com', currency: 'KRW', total_minor: 1 })
      .returning('id')) as [{ id: number }];
    await shop.db('order_lines').insert({ order_id: order.id, sku, name: 'Mug', quantity: 1, unit_price_minor: 1 });
    const { workflow } = await shop.temporal();
    const workflowId = orderWorkflowId(order.id);
    await workflow.start(WORKFLOWS.orderSaga, {
      workflowId,
      taskQueue: TASK_QUEUES.orders,
      args: [{ orderId: order.id }],
    });
    await shows(order.id, 'PENDING_PAYMENT', 'WAITING');
    expect(await upsertsOf(order.id)).toBe(1);
  });
});
