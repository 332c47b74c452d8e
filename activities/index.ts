import type { Redis } from 'ioredis';
import type { Db } from '../db/connection';
import { couponTruth } from '../db/coupons';
import type { Providers } from '../providers/sandbox-http';
import { CouponGate } from '../redis/coupon-gate';
import { IssuedCoupons } from '../redis/issued-coupons';
import { orderWatchers } from '../redis/order-watchers';
import { createAttemptActivities } from './attempt';
import { createCouponActivities } from './coupon';
import { createCouponStepActivities } from './coupon-step';
import { withCredentialAlerts } from './credential-alerts';
import { createDeadLetterActivities } from './dead-letters';
import { createOrderActivities } from './order';
import { createPaymentStep } from './payment';
import { createReconciliationActivities, type ReconciliationDependencies } from './reconciliation';
import { createRefundActivities } from './refund';
import type { RetryPolicy } from './retry';
import type { SagaMeter } from './saga-meter';
import { createShipmentStep } from './shipment';
import { createStockActivities, type OrderPolicy } from './stock';
import { createWarehouseStep } from './warehouse';
import { createWholeAttempt } from './whole-attempt';
import { createDecisionActivities } from './write-off';

export interface ActivityDependencies {
  readonly db: Db;
  readonly redis?: Redis | undefined;
  readonly providers: Providers;
  readonly policy: OrderPolicy;
  readonly retry: RetryPolicy;
  /** How often a dead letter is replayed before it is parked. */
  readonly maxReplays: number;
  readonly reconciliation: Pick<ReconciliationDependencies, 'workflows' | 'graceMs'>;
  readonly meter?: SagaMeter | undefined;
}

/** Every activity, with what it needs. */
export function createActivities({
  db,
  redis,
  policy,
  retry,
  maxReplays,
  reconciliation,
  meter,
  ...given
}: ActivityDependencies) {
  const providers = withCredentialAlerts(given.providers, db);
  const timeouts = { fastMs: policy.fastCallMs, longMs: policy.patientCallMs };
  const payment = createPaymentStep({ db, payment: providers.payment, timeouts });
  const shipment = createShipmentStep({ db, carrier: providers.carrier, timeouts });
  const warehouse = createWarehouseStep({ db, warehouse: providers.warehouse, timeouts });
  const couponStep = createCouponStepActivities({ db });
  const stock = createStockActivities({ db, policy });
  return {
    ...stock,
    ...createAttemptActivities({ db, retry, meter }),
    ...createOrderActivities({ db }),
    ...createDecisionActivities({ db }),
    ...couponStep,
    ...payment.activities,
    ...shipment.activities,
    ...warehouse.activities,
    ...createWholeAttempt({
      db,
      fastMs: policy.fastCallMs,
      work: { payment: payment.work, shipment: shipment.work, warehouse: warehouse.work },
      database: couponStep,
      announce: orderWatchers(redis),
      meter,
    }),
    ...createRefundActivities({ db, policy }),
    ...createReconciliationActivities({
      ...reconciliation,
      db,
      providers,
      retryDelayMs: retry.delayMs,
      undos: {
        stock: stock.releaseStock,
        coupon: couponStep.restoreCoupon,
        payment: payment.activities.refund,
        shipment: shipment.activities.cancelShipment,
        warehouse: warehouse.activities.takeOutOfStorage,
      },
    }),
    ...createDeadLetterActivities({ db, policy: { maxReplays } }),
    ...createCouponActivities({
      db,
      gate: new CouponGate(redis, couponTruth(db)),
      issued: new IssuedCoupons(redis),
    }),
  };
}

/** Their shapes: all that workflows know of them. */
export type Activities = ReturnType<typeof createActivities>;
