import type { CreateOrder } from '../../contracts/http';
import type { Language } from '../../contracts/language';
import type { OrderView } from '../../contracts/responses/orders';
import type { DbOrTrx } from '../../db/connection';
import { findOwnCoupon } from '../../db/coupon-claims';
import { insertOrder, type OrderCoupon, type OrderLine } from '../../db/orders';
import { findProducts } from '../../db/products';
import { discountOf } from '../../domain/coupon';
import type { Identity } from '../access/identity';
import { ProblemError } from '../problem';
import { orderView } from './order-access';

/** Saves the order with its coupon and requests its stock; the saga finds out whether there is enough. */
export async function placeOrder(
  db: DbOrTrx,
  who: Identity,
  { lines: wanted, couponCode }: CreateOrder,
  currency: string,
  language: Language,
  notifies: boolean,
): Promise<OrderView> {
  const lines = await priceLines(db, wanted);
  const sumMinor = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
  const coupon = couponCode === undefined ? undefined : await priceCoupon(db, who, couponCode, sumMinor);
  const discountMinor = coupon?.discountMinor ?? 0;
  const totalMinor = sumMinor - discountMinor;
  const { userId, email: userEmail } = who;
  const placed = await insertOrder(db, { userId, userEmail, currency, totalMinor, coupon, lines, notifies });
  if (!placed) throw new ProblemError('COUPON_IN_USE');
  const { id, createdAt } = placed;
  return orderView(
    {
      ...{ id, status: 'CREATED', statusReason: null, totalMinor, currency, couponCode: coupon?.code ?? null },
      ...{ discountMinor, createdAt, updatedAt: createdAt },
    },
    lines,
    language,
  );
}

async function priceLines(db: DbOrTrx, wanted: CreateOrder['lines']): Promise<OrderLine[]> {
  const products = await findProducts(
    db,
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

/** The customer's own coupon, where the lines reach its minimum; whether an order has it is looked at again when it is claimed. */
async function priceCoupon(db: DbOrTrx, who: Identity, code: string, sumMinor: number): Promise<OrderCoupon> {
  const coupon = await findOwnCoupon(db, { code, userId: who.userId });
  if (!coupon) throw new ProblemError('COUPON_NOT_ISSUED');
  if (coupon.isInUse) throw new ProblemError('COUPON_IN_USE');
  const { requestId, discount, minimumMinor } = coupon;
  if (sumMinor < minimumMinor) throw new ProblemError('COUPON_MINIMUM_NOT_MET', { minimumAmount: minimumMinor });
  return { requestId, code, discountMinor: discountOf(discount, sumMinor) };
}
