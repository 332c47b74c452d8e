import { randomUUID } from 'node:crypto';
import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import { expectLedgersToBalance } from './ledgers';
import type { Shop } from './shop';
import { until } from './until';

/** A request to end an order, under its key, and what it leads to. */
export interface Ending {
  readonly name: 'cancelled' | 'not cancelled' | 'refunded';
  readonly orderId: number;
  readonly key: string;
  readonly response: object;
}

const PATHS = { cancelled: 'cancel', 'not cancelled': 'cancel', refunded: 'refund' } as const;

/** One of each, not yet asked for. The carrier refuses once, so that a cancel which is carried out twice succeeds. */
export async function someEndings(shop: Shop): Promise<Ending[]> {
  const [cancelled, notCancelled, refunded] = await Promise.all([
    shop.paidOrder(),
    shop.paidOrder(),
    shop.paidOrder({ warehouseStorage: true }),
  ]);
  await shop.providers.gateway('carrier', {
    operation: 'cancel',
    orderId: notCancelled,
    status: 409,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ code: 'ALREADY_PICKED_UP', detail: 'on its way' }),
    times: 1,
  });
  const isCancelled = { status: expect.stringMatching(/^CANCELL(ED|ING)$/) as string };
  return [
    { name: 'cancelled', orderId: cancelled, key: randomUUID(), response: { status: 202, data: isCancelled } },
    {
      name: 'not cancelled',
      orderId: notCancelled,
      key: randomUUID(),
      response: { status: 409, code: 'ORDER_NOT_CANCELLABLE' },
    },
    {
      name: 'refunded',
      orderId: refunded,
      key: randomUUID(),
      response: { status: 202, data: { status: 'REFUND_REQUESTED' } },
    },
  ];
}

export async function ask(shop: Shop, { name, orderId, key }: Pick<Ending, 'name' | 'orderId' | 'key'>) {
  const { status, body, headers } = await shop.call('POST', `/api/orders/${orderId}/${PATHS[name]}`, {
    body: { reason: 'changed my mind' },
    headers: { 'idempotency-key': key },
  });
  return { status, code: body.code, data: body.data, isReplayed: headers.get('idempotent-replayed') };
}

/** Waits until what was asked for has come to its end. */
export async function untilEnded(shop: Shop, { name, orderId }: Ending): Promise<void> {
  const { workflow } = await shop.temporal();
  if (name === 'cancelled') {
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await workflow.getHandle(orderWorkflowId(orderId)).result()).toBe('CANCELLED');
  } else if (name === 'refunded') {
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(await workflow.getHandle(refundWorkflowId(orderId)).result()).toBe('REFUNDED');
  } else {
    await until(
      `the cancel of order ${orderId} to be refused`,
      () => noticesOf(shop, orderId, 'CANCEL_REFUSED'),
      (count) => count > 0,
    );
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
  }
}

/** The request was asked, taken and carried out once, however often it was sent. */
export async function expectEndedOnce(shop: Shop, ending: Ending): Promise<void> {
  const { name, orderId } = ending;
  await untilEnded(shop, ending);
  expect(await noticesOf(shop, orderId, name === 'refunded' ? 'REFUND_ASKED' : 'CANCEL_ASKED')).toBe(1);
  expect(await noticesOf(shop, orderId, name === 'refunded' ? 'REFUND_REQUESTED' : 'CANCEL_REQUESTED')).toBe(1);
  expect(await noticesOf(shop, orderId, 'CANCEL_REFUSED')).toBe(name === 'not cancelled' ? 1 : 0);
  const movements = (await shop.providers.ledger(orderId)).map(({ type }) => type);
  expect(movements).toEqual(name === 'not cancelled' ? ['charge'] : ['charge', 'refund']);
  await expectLedgersToBalance(shop, orderId);
}

/** Makes claims as old as those of processes that died long ago. */
export async function ageClaims(shop: Shop, keys: readonly string[]): Promise<void> {
  await shop
    .db('idempotency_keys')
    .whereIn('key', keys as string[])
    .whereNotNull('claim_id')
    .update({ claimed_at: shop.db.raw(`now() - interval '31 seconds'`) });
}

/** How many notices with this code the order's timeline has. */
export async function noticesOf(shop: Shop, orderId: number, code: string): Promise<number> {
  const rows = await shop
    .db('timeline')
    .where({ order_id: orderId, type: 'notice' })
    .whereRaw(`data ->> 'code' = ?`, [code]);
  return (rows as unknown[]).length;
}
