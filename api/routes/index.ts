import { blockedKeyRoutes } from './blocked-keys';
import { carrierWebhook } from './carrier-webhook';
import { couponRoutes } from './coupons';
import { deadLetterReplayRoutes } from './dead-letter-replays';
import { deadLetterRoutes } from './dead-letters';
import { operatorItemRoutes } from './operator-items';
import { orderEndingRoutes } from './order-endings';
import { orderEvents } from './order-events';
import { orderStatusRoutes } from './order-status';
import { orderRoutes } from './orders';
import { paymentOptionRoutes } from './payment-options';
import { paymentRoutes } from './payments';
import { probeRoutes } from './probes';
import { productRoutes } from './products';
import { reconciliationRoutes } from './reconciliation';
import { sagaRoutes } from './sagas';
import { sessionRoutes } from './session';
import { trackingLinkRoutes } from './tracking';

/** Every route of the API. */
export const ROUTES = [
  ...productRoutes,
  ...orderRoutes,
  ...orderStatusRoutes,
  orderEvents,
  ...paymentRoutes,
  ...orderEndingRoutes,
  ...trackingLinkRoutes,
  ...paymentOptionRoutes,
  ...couponRoutes,
  ...operatorItemRoutes,
  ...sagaRoutes,
  ...deadLetterRoutes,
  ...deadLetterReplayRoutes,
  ...blockedKeyRoutes,
  ...reconciliationRoutes,
  carrierWebhook,
  ...sessionRoutes,
  ...probeRoutes,
] as const;
