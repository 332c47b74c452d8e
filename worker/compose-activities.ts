import type { Redis } from 'ioredis';
import { createAttemptActivities } from '../activities/attempt';
import { createCouponActivities } from '../activities/coupon';
import { createCouponStepActivities } from '../activities/coupon-step';
import { type Providers, withCredentialAlerts } from '../activities/credential-alerts';
import { createDeadLetterActivities } from '../activities/dead-letters';
import { createOrderActivities } from '../activities/order';
import { createPaymentActivities } from '../activities/payment';
import { createRefundActivities } from '../activities/refund';
import { createShipmentActivities } from '../activities/shipment';
import { createStockActivities, type OrderPolicy } from '../activities/stock';
import { createWarehouseActivities } from '../activities/warehouse';
import type { Settings } from '../config/settings';
import type { Db } from '../db/connection';
import { couponTruth } from '../db/coupons';
import { CouponGate } from '../redis/coupon-gate';
import { IssuedCoupons } from '../redis/issued-coupons';

/** Every activity, with what it needs. */
export function composeActivities(deps: {
  readonly db: Db;
  readonly redis?: Redis | undefined;
  readonly providers: Providers;
  readonly settings: Settings;
}) {
  const { db, redis, settings } = deps;
  const policy: OrderPolicy = {
    stockHoldMs: settings.STOCK_HOLD_MS,
    processingBudgetMs: settings.PROCESSING_BUDGET_MS,
    maxRetries: settings.MAX_RETRIES,
    maxDeclines: settings.MAX_DECLINES,
    maxAttempts: settings.MAX_ATTEMPTS,
    fastCallMs: settings.PROVIDER_FAST_TIMEOUT_MS,
    patientCallMs: settings.PROVIDER_TIMEOUT_MS,
    undoPatienceMs: settings.UNDO_PATIENCE_MS,
    undoRetryMs: settings.UNDO_RETRY_MS,
  };
  const providers = withCredentialAlerts(deps.providers, db);
  const patience = { fastMs: policy.fastCallMs, patientMs: policy.patientCallMs };
  return {
    ...createStockActivities({ db, policy }),
    ...createAttemptActivities({ db, retry: { delayMs: settings.RETRY_DELAY_MS } }),
    ...createOrderActivities({ db }),
    ...createCouponStepActivities({ db }),
    ...createPaymentActivities({ db, payment: providers.payment, patience }),
    ...createShipmentActivities({ db, carrier: providers.carrier, patience }),
    ...createWarehouseActivities({ db, warehouse: providers.warehouse, patience }),
    ...createRefundActivities({ db, policy }),
    ...createDeadLetterActivities({ db, policy: { maxReplays: settings.MAX_REPLAYS } }),
    ...createCouponActivities({
      db,
      gate: new CouponGate(redis, couponTruth(db)),
      issued: new IssuedCoupons(redis),
    }),
  };
}

export type Activities = ReturnType<typeof composeActivities>;
