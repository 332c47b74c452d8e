import { type Check, idsOf } from './invariant';

/** I4: no more coupons than there are, one a user; an order has its coupon while it may be paid, redeemed while it is. */
export const couponsAddUp: Check = async (checked) => {
  const { outside } = checked;
  const over = await outside.rows<{ code: string }>(
    `select c.code from coupons c
     where c.issued > c.total or c.issued <> (select count(*) from coupon_requests r where r.code = c.code and r.status = 'ISSUED')`,
  );
  const twice = await outside.rows<{ code: string; user_id: string }>(
    `select code, user_id from coupon_requests where status = 'ISSUED' group by code, user_id having count(*) > 1`,
  );
  const misplaced = await outside.rows<{ id: string; status: string; claimed: boolean; redeemed: boolean }>(
    `select * from (
       select o.id, o.status, r.order_id is not distinct from o.id as claimed,
         r.order_id is not distinct from o.id and r.redeemed_at is not null as redeemed
       from orders o join coupon_requests r on r.request_id = o.coupon_request_id where o.id = any($1)) found
     where claimed <> (status not in ('CANCELLED', 'REFUNDED'))
       or redeemed <> (status not in ('CREATED', 'PENDING_PAYMENT', 'CANCELLED', 'REFUNDED'))`,
    [idsOf(checked)],
  );
  return [
    ...over.map(({ code }) => `coupon ${code}: issued more than there are, or counted wrong`),
    ...twice.map(({ code, user_id }) => `coupon ${code}: ${user_id} has it twice`),
    ...misplaced.map(
      ({ id, status, claimed, redeemed }) =>
        `order ${id} is ${status}, and its coupon is ${redeemed ? 'redeemed' : claimed ? 'claimed' : 'free'}`,
    ),
  ];
};
