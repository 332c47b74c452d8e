/** The activities' shapes: all that workflows know of them. */
export type { AttemptActivities } from './attempt';
export type { CouponActivities } from './coupon';
export type { CouponStepActivities } from './coupon-step';
export type { DeadLetterActivities } from './dead-letters';
export type { OrderActivities } from './order';
export type { PaymentActivities } from './payment';
export type { RefundActivities } from './refund';
export type { ShipmentActivities } from './shipment';
export type { StockActivities } from './stock';
export type { WarehouseActivities } from './warehouse';
