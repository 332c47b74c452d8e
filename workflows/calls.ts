import {
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type {
  AttemptActivities,
  CouponStepActivities,
  OrderActivities,
  PaymentActivities,
  RefundActivities,
  ShipmentActivities,
  StockActivities,
  WarehouseActivities,
} from '../activities';
import type { OrderPolicy } from '../activities/stock';
import { describeFailure } from './failures';

type OwnSteps = StockActivities &
  AttemptActivities &
  OrderActivities &
  CouponStepActivities &
  RefundActivities &
  Pick<ShipmentActivities, 'keepShipment'>;
type OutsideSteps = PaymentActivities & Omit<ShipmentActivities, 'keepShipment'> & WarehouseActivities;
type OutsideName = keyof OutsideSteps;

/** Steps in our own database: local, one transaction each, tried until the database answers. */
export const own = proxyLocalActivities<OwnSteps>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Also in our own database, but an event of the history by itself: what led to it is there before anything follows. */
export const durable = proxyActivities<Pick<OrderActivities, 'noteCancel'>>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** The time that a step's calls to the outside may take, all tries together. */
export interface CallBudget {
  readonly policy: OrderPolicy;
  readonly budgetMs: number;
}

const MARGIN_MS = 1_000;

/**
 * Calls the outside: first within the workflow task, which is cheap and mostly enough; when that ends without an
 * outcome, as an activity of its own, which looks up what became of the first and is retried within the budget.
 */
export async function callOutside<Name extends OutsideName>(
  name: Name,
  summary: string,
  call: Parameters<OutsideSteps[Name]>[0],
  { policy, budgetMs }: CallBudget,
): Promise<void> {
  const quick: LocalActivityOptions = {
    summary,
    startToCloseTimeout: policy.fastCallMs + MARGIN_MS,
    retry: { maximumAttempts: 1 },
  };
  const patient: ActivityOptions = {
    summary,
    startToCloseTimeout: policy.patientCallMs + MARGIN_MS,
    scheduleToCloseTimeout: Math.max(budgetMs, MARGIN_MS),
    retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  };
  const startedAt = Date.now();
  try {
    await invoke(proxyLocalActivities<OutsideSteps>(quick)[name], call);
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.final || failure.code === 'INTERRUPTED') throw error;
    const leftMs = budgetMs - (Date.now() - startedAt);
    await invoke(
      proxyActivities<OutsideSteps>({ ...patient, scheduleToCloseTimeout: Math.max(leftMs, MARGIN_MS) })[name],
      call,
    );
  }
}

async function invoke(activity: unknown, call: unknown): Promise<void> {
  await (activity as (input: unknown) => Promise<void>)(call);
}
