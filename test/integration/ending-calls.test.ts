import { randomUUID } from 'node:crypto';
import { TemporalUnavailableError } from '../../temporal/call';
import { Workflows } from '../../temporal/workflows';
import { noticesOf } from '../support/endings';
import { Fixture } from '../support/fixture';

describe('a call to end an order', () => {
  const shop = new Fixture().shop();
  const workflows = async () => new Workflows(await shop.temporal()).orders;
  const request = { reason: 'changed my mind', actor: 'customer' };
  const aCall = (forMs = 20_000) => ({ requestId: randomUUID(), endsAtMs: Date.now() + forMs });

  test('that is sent again once its workflow has closed has its first outcome', async () => {
    const orderId = await shop.paidOrder();
    const [orders, call] = [await workflows(), aCall()];
    expect(await orders.cancel(orderId, request, call)).toEqual({ kind: 'done' });
    const { workflow } = await shop.temporal();
    expect(await workflow.getHandle(`order-${orderId}`).result()).toBe('CANCELLED');
    expect(await orders.earlierCancel(orderId, call)).toEqual({ kind: 'done' });
    expect(await orders.cancel(orderId, request, call)).toEqual({ kind: 'done' });
    const refused = { kind: 'refused', refusedBy: 'WORKFLOW_CLOSED' };
    expect(await orders.cancel(orderId, request, aCall())).toEqual(refused);
    expect(await orders.earlierCancel(orderId, aCall())).toBeUndefined();
  });

  test('is not sent after its time, as when its process froze before', async () => {
    const orderId = await shop.paidOrder();
    const [orders, late] = [await workflows(), aCall(-1)];
    await expect(orders.cancel(orderId, request, late)).rejects.toThrow(TemporalUnavailableError);
    await expect(orders.refund({ orderId, ...request }, late)).rejects.toThrow(TemporalUnavailableError);
    const { workflow } = await shop.temporal();
    await expect(workflow.getHandle(`refund-${orderId}`).describe()).rejects.toThrow(/not found/i);
    // What comes now comes behind whatever was sent.
    expect(await orders.earlierCancel(orderId, { ...late, endsAtMs: Date.now() + 20_000 })).toBeUndefined();
    expect(await noticesOf(shop, orderId, 'CANCEL_REQUESTED')).toBe(0);
  });
});
