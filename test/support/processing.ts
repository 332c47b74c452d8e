import { developmentUserId } from '../../cli/development-token';
import { insertUnannounced } from './orders';
import { payBody, type Shop } from './shop';

/** A processing event as a producer other than our api writes it. */
export function processingEvent(orderId: number, command: Parameters<typeof payBody>[0] = {}) {
  return { orderId, userEmail: 'kim@example.com', requestDto: payBody(command), retryCount: 0 };
}

/** An order whose stock event has not been published: it stays CREATED until somebody writes one. */
export async function unannouncedOrder(shop: Shop, sku: string, quantity = 1): Promise<number> {
  const product = (await shop.db('products').where({ sku }).first('name', 'price_minor')) as {
    name: string;
    price_minor: number;
  };
  const userEmail = 'kim@example.com';
  return shop.db.transaction(async (trx) => {
    const { id } = await insertUnannounced(trx, {
      userId: developmentUserId(userEmail),
      userEmail,
      currency: 'KRW',
      totalMinor: product.price_minor * quantity,
      lines: [{ sku, name: product.name, quantity, unitPriceMinor: product.price_minor }],
    });
    return id;
  });
}

/** The event that starts such an order. */
export function stockEvent(orderId: number, sku: string, quantity = 1) {
  return { orderId, userEmail: 'kim@example.com', lines: [{ sku, quantity }] };
}
