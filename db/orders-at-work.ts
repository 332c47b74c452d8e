import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { DbOrTrx } from './connection';

/** Orders whose saga has been at work for so long, takes no request or lets its hold run out: a page of them, by id. */
export async function ordersAtWork(
  db: DbOrTrx,
  { forMs, limit, after = 0 }: { readonly forMs: number; readonly limit: number; readonly after?: number | undefined },
): Promise<{ readonly id: number; readonly status: OrderStatus }[]> {
  const { rows } = await db.raw<{ rows: { id: number; status: OrderStatus }[] }>(
    `with since as (select clock_timestamp() - :forMs * interval '1 millisecond' as at)
     (select id, status from orders, since where saga_state = 'RUNNING' and coalesce(saga_state_at, created_at) < since.at and id > :after
       order by id limit :limit)
     union
     (select id, status from orders, since where saga_state = 'COMPENSATING' and saga_state_at < since.at and id > :after
       order by id limit :limit)
     union
     (select o.id, o.status from processing_requests r, orders o, since
       where r.state = 'PENDING' and r.signalled_at < since.at and o.id = r.order_id and o.saga_state = 'WAITING'
         and o.id > :after order by o.id limit :limit)
     union
     (select id, status from orders, since where status = 'PENDING_PAYMENT' and saga_state = 'WAITING'
       and hold_expires_at < since.at and id > :after order by id limit :limit)
     order by id limit :limit`,
    { forMs, limit, after },
  );
  return rows;
}

export const STATES_AT_WORK = ['RUNNING', 'COMPENSATING', 'NEEDS_OPERATOR'] as const satisfies readonly SagaState[];

export interface SagasAtWork {
  readonly sagaState: (typeof STATES_AT_WORK)[number];
  readonly count: number;
  /** How long the one that has been in this state for longest has been in it. */
  readonly oldestMs: number;
}

/** How many sagas are at work or parked; a state that none is in is absent. */
export async function countSagasAtWork(db: DbOrTrx): Promise<SagasAtWork[]> {
  return (await db('orders')
    .whereIn('saga_state', STATES_AT_WORK as unknown as SagaState[])
    .groupBy('saga_state')
    .select({ sagaState: 'saga_state' }, db.raw('count(*)::int as count'))
    .select(
      db.raw(
        `(extract(epoch from clock_timestamp() - min(coalesce(saga_state_at, created_at))) * 1000)::float8 as "oldestMs"`,
      ),
    )) as SagasAtWork[];
}
