import type { CreateOrder } from '../../contracts/http';
import type { Language } from '../../contracts/language';
import type { OrderView } from '../../contracts/responses/orders';
import type { Trx } from '../../db/connection';
import { lockOwnCoupon } from '../../db/coupon-claims';
import { insertOrder, type OrderCoupon, type OrderLine } from '../../db/orders';
import { addToOutbox } from '../../db/outbox';
import { findProducts } from '../../db/products';
import { stockDecreaseRequested } from '../../db/stock-events';
import { discountOf } from '../../domain/coupon';
import type { Identity } from '../authentication';
import { ProblemError } from '../problem';
import { orderView } from './order-access';

/** Saves the order with its coupon and requests its stock; the saga finds out whether there is enough. */
export async function placeOrder(
  trx: Trx,
  who: Identity,
  { lines: wanted, couponCode }: CreateOrder,
  currency: string,
  language: Language,
): Promise<OrderView> {
  const lines = await priceLines(trx, wanted);
  const sumMinor = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
  const coupon = couponCode === undefined ? undefined : await takeCoupon(trx, who, couponCode, sumMinor);
  const order = await insertOrder(trx, {
    userId: who.userId,
    userEmail: who.email,
    currency,
    totalMinor: sumMinor - (coupon?.discountMinor ?? 0),
    coupon,
    lines,
  });
  await addToOutbox(trx, [stockDecreaseRequested(order, lines)]);
  return orderView(order, lines, language);
}

async function priceLines(trx: Trx, wanted: CreateOrder['lines']): Promise<OrderLine[]> {
  const products = await findProducts(
    trx,
    wanted.map((line) => line.sku),
  );
  const bySku = new Map(products.map((product) => [product.sku, product]));
  const unknown = wanted.filter((line) => !bySku.has(line.sku)).map((line) => line.sku);
  if (unknown.length > 0) throw new ProblemError('UNKNOWN_SKU', { skus: unknown });
  return wanted.flatMap(({ sku, quantity }) => {
    const product = bySku.get(sku);
    return product ? [{ sku, quantity, name: product.name, unitPriceMinor: product.priceMinor }] : [];
  });
}

/** The customer's own coupon, locked, where no order has it and the lines reach its minimum. */
async function takeCoupon(trx: Trx, who: Identity, code: string, sumMinor: number): Promise<OrderCoupon> {
  const coupon = await lockOwnCoupon(trx, { code, userId: who.userId });
  if (!coupon) throw new ProblemError('COUPON_NOT_ISSUED');
  if (coupon.isInUse) throw new ProblemError('COUPON_IN_USE');
  const { requestId, discount, minimumMinor } = coupon;
  if (sumMinor < minimumMinor) throw new ProblemError('COUPON_MINIMUM_NOT_MET', { minimumAmount: minimumMinor });
  return { requestId, code, discountMinor: discountOf(discount, sumMinor) };
}
