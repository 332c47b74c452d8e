import type { Db } from '../db/connection';

/** Tables whose rows are few whatever is sold. */
export const FEW_ROWS: ReadonlySet<string> = new Set([
  'coupons',
  'knex_migrations',
  'knex_migrations_lock',
  'last_looks',
  'order_status_moves',
  'outbox_lanes',
  'products',
  'provider_readings',
  'reconciliation_runs',
  'relays',
]);

const PRODUCTS = 200;
const COUPONS = 50;

/**
 * A shop that has sold so much, in a database that is migrated and has none of these: orders 1 to `orders`, made over 400 days, most of
 * them delivered long ago, and with each whatever it leaves behind; of things that went wrong about `incidents`. Without
 * incidents nothing is under way or waits, either. Needs a superuser: triggers and references are not checked.
 */
export async function seedOrders(db: Db, orders: number, incidents: number): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica; set local synchronous_commit = off');
    for (const statement of SEED)
      await trx.raw(statement, {
        orders,
        incidents,
        ended: incidents > 0 ? 0.97 : 1,
        users: Math.ceil(orders / 20),
        products: PRODUCTS,
        coupons: COUPONS,
      });
  });
  for (const { table, column } of await identities(db))
    await db.raw(`select setval(pg_get_serial_sequence(?, ?), (select coalesce(max(??), 0) + 1 from ??), false)`, [
      table,
      column,
      column,
      table,
    ]);
  // Lets the planner know what there is.
  await db.raw('analyze');
}

async function identities(db: Db): Promise<{ table: string; column: string }[]> {
  const { rows } = await db.raw<{ rows: { table: string; column: string }[] }>(
    `select table_name as table, column_name as column from information_schema.columns
     where table_schema = 'public' and is_identity = 'YES'`,
  );
  return rows;
}

/** When order \`n\` was made, and when it ended. */
const MADE = `now() - interval '400 days' * (1 - n::float8 / :orders)`;
/** Not what else there may be. */
const THESE = '(select * from orders where id <= :orders) o';
const LATER = (ms: number) => `o.created_at + interval '${ms} milliseconds'`;

const SEED: readonly string[] = [
  `insert into products (sku, name, price_minor, free_units, held_units, sold_units)
   select 'sku-' || n, 'Product ' || n, 1000 + n, 1000000, 1000000, 1000000 from generate_series(0, :products - 1) n`,
  `insert into coupons (code, name, total, discount_type, discount_value, last_rank, taken, issued)
   select 'coupon-' || n, 'Coupon', 10000000, 'FIXED', 100, :orders / 5 / :coupons, :orders / 5 / :coupons, 0
   from generate_series(0, :coupons - 1) n`,
  // A fifth of the users' orders are paid with a coupon.
  `insert into coupon_requests (request_id, code, user_id, user_email, rank, status, event, requested_at, issued_at)
   select 'request-' || n, 'coupon-' || n % :coupons, 'asker-' || n / :coupons, 'asker-' || n / :coupons || '@example.com', n / :coupons + 1,
     case when n % 100 = 7 then 'FAILED' else 'ISSUED' end, '{"eventId": "e"}', at, case when n % 100 = 7 then null else at end
   from generate_series(0, :orders / 5 - 1) n,
     lateral (select now() - interval '400 days' * (1 - n::float8 / (:orders / 5)) as at) t`,
  `insert into orders (id, user_id, user_email, status, saga_state, currency, total_minor, run_id, coupon_request_id, coupon_code, created_at, updated_at)
   overriding system value
   select n, 'user-' || n % :users, 'user-' || n % :users || '@example.com',
     case when k = 2 then 'CREATED' when k < 2 then 'PENDING_PAYMENT' when n > :orders * :ended::float8 then 'PREPARING' when k < 40 then 'CANCELLED'
       when k < 55 then 'REFUNDED' else 'COMPLETED' end,
     case when k = 0 then 'NEEDS_OPERATOR' when k = 1 then 'COMPENSATING' when k = 2 then 'RUNNING' when n > :orders * :ended::float8 then 'WAITING' else 'SETTLED' end,
     'KRW', 1000, case when k <> 2 then 'run-' || n end,
     case when c then 'request-' || n / 5 end, case when c then 'coupon-' || n / 5 % :coupons end, at, at + interval '1 hour'
   from generate_series(1, :orders) n,
     lateral (select greatest(((n % 1000) * 919) % 1000, case :incidents::int when 0 then 3 else 0 end) as k, ${MADE} as at, n % 5 = 1 and n / 5 % 100 <> 7 as c) t`,
  `update coupon_requests r set order_id = o.id, redeemed_at = case when o.status not in ('CREATED', 'PENDING_PAYMENT') then o.created_at end
   from ${THESE} where o.coupon_request_id = r.request_id and r.status = 'ISSUED' and o.status not in ('CANCELLED', 'REFUNDED')`,
  `update coupons c set taken = r.issued, issued = r.issued, last_rank = r.highest
   from (select code, count(*) filter (where status = 'ISSUED') as issued, max(rank) as highest from coupon_requests group by code) r where r.code = c.code`,
  `insert into order_lines (order_id, sku, name, quantity, unit_price_minor)
   select o.id, 'sku-' || (o.id + l) % :products, 'Product', 1, 500 from ${THESE}, generate_series(0, 1) l`,
  `insert into stock_movements (sku, order_id, kind, units, key, at)
   select l.sku, l.order_id, kind, 1, l.order_id || ':stock:0', o.created_at
   from order_lines l join ${THESE} on o.id = l.order_id, unnest(case o.status when 'CREATED' then '{}' when 'PENDING_PAYMENT' then array['hold']
     when 'CANCELLED' then array['hold', 'release'] when 'REFUNDED' then array['hold', 'sell', 'return'] else array['hold', 'sell'] end) kind order by l.order_id`,
  `insert into stock_movements (sku, kind, units, key) select sku, 'set', free_units + held_units + sold_units, 'put' from products`,
  `insert into money_movements (order_id, kind, amount_minor, key, provider_ref, at)
   select o.id, kind, 1000, o.id || ':payment:1', 'pay_' || o.id, o.created_at
   from ${THESE}, unnest(case when o.status in ('CANCELLED', 'REFUNDED') then array['charge', 'refund'] else array['charge'] end) kind order by o.id`,
  `insert into saga_steps (key, order_id, step, attempt, state, provider_ref, updated_at)
   select o.id || ':' || step || ':' || attempt, o.id, step, attempt,
     case when o.saga_state = 'NEEDS_OPERATOR' and step = 'shipment' then 'UNDO_FAILED'
       when o.status in ('CANCELLED', 'REFUNDED') or o.id % 10 = 3 and attempt = 1 then 'UNDONE' else 'DONE' end,
     'ref', ${LATER(2000)}
   from ${THESE}, unnest(array['stock', 'payment', 'shipment']) step,
     lateral (select generate_series(case step when 'stock' then 0 else 1 end, case when step = 'stock' then 0 when o.id % 10 = 3 then 2 else 1 end) as attempt) a
   order by o.id`,
  `insert into provider_records (provider, ref, key, order_id, status, captured_minor, refunded_minor, currency, changed_at, seen_at)
   select case s.step when 'payment' then 'payment' else 'carrier' end, s.key, s.key, o.id,
     case when s.step = 'shipment' then case s.state when 'UNDONE' then 'CANCELLED' else 'DELIVERED' end
       when s.state = 'UNDONE' then 'closed' else 'captured' end,
     case s.step when 'payment' then coalesce(m.charged, 0) else 0 end, case s.step when 'payment' then coalesce(m.refunded, 0) else 0 end,
     case s.step when 'payment' then 'KRW' end, ${LATER(2000)}, now()
   from saga_steps s join ${THESE} on o.id = s.order_id
     left join lateral (select sum(amount_minor) filter (where kind = 'charge') as charged, sum(amount_minor) filter (where kind = 'refund') as refunded
       from money_movements m where m.key = s.key) m on true
   where s.step in ('payment', 'shipment') order by o.id`,
  `insert into provider_readings (provider, covered_from, read_until)
   select p, '1970-01-01', now() from unnest(array['payment', 'carrier', 'warehouse']) p`,
  `insert into processing_requests (order_id, event_id, retry_count, state, source, attempt, signalled_at, created_at, updated_at, event)
   select o.id, 'event-' || o.id, 0, case when o.status = 'PENDING_PAYMENT' then 'PENDING' when o.status = 'CANCELLED' then 'FAILED' else 'DONE' end,
     'api', 1, case when o.status <> 'PENDING_PAYMENT' then ${LATER(1000)} end, ${LATER(500)}, ${LATER(2000)},
     jsonb_build_object('orderId', o.id, 'eventId', 'event-' || o.id, 'retryCount', 0, 'userEmail', o.user_email, 'requestDto', jsonb_build_object(
       'paymentRequest', '{"method": "CARD"}'::jsonb, 'warehouseStorage', false, 'shipment', jsonb_build_object('recipientName', 'Kim Minji',
       'phone', '010-0000-0000', 'postalCode', '04524', 'address1', 'Sejong-daero 110, Seoul', 'country', 'KR')))
   from ${THESE} order by o.id`,
  `insert into timeline (order_id, at, type, data, dedupe_key)
   select o.id, o.created_at + interval '1 second' * l, case when l = 8 then 'resolution' when l in (2, 4, 5) then 'step' else 'status' end,
     jsonb_build_object('from', 'CREATED', 'to', 'PENDING_PAYMENT'), case when l = 5 then 'attempt:1:failed' end
   from ${THESE}, generate_series(1, case when o.id % 500 = 0 then 8 else 7 end) l order by o.id, l`,
  `insert into notifications (order_id, outcome, dedupe_key, recipient, body, created_at, delivered_at)
   select o.id, outcome, outcome, o.user_email, 'Your order', ${LATER(2000)}, case when o.id < :orders - 20 or :incidents = 0 then ${LATER(3000)} end
   from ${THESE}, unnest(array['PREPARING', 'DELIVERED']) outcome order by o.id`,
  `insert into notifications (coupon_request_id, outcome, dedupe_key, recipient, body, created_at, delivered_at)
   select request_id, 'COUPON_ISSUED', 'COUPON_ISSUED', user_email, 'Your coupon', issued_at, issued_at
   from coupon_requests where status = 'ISSUED'`,
  `insert into resolutions (decision_id, order_id, step, decision, reason, actor, at)
   select 'decision-' || o.id, o.id, 'shipment', 'RETRY', 'why', 'lee', ${LATER(4000)} from ${THESE} where o.id % (:orders::int / nullif(:incidents::int, 0)) = 0`,
  // An hour's worth of what was published, and as much that waits, as when Kafka is unavailable.
  `insert into outbox (topic, key, value, created_at, published_at)
   select case n % 4 when 0 then 'stock.decrease.requested' when 1 then 'order-processing-topic' else 'order.status.changed' end,
     (:orders - n / 4)::text, case when p is null then '{"eventId": "e"}' else '' end, at, p
   from generate_series(0, :orders) n, lateral (select now() - interval '70 minutes' * (n::float8 / :orders) as at) t,
     lateral (select case when n > :orders / 2 and :incidents > 0 then null else at end as p) s`,
  `insert into resends (subject, times, last_at)
   select concat('order-', order_id, '/', event_id, '/', retry_count), 6, now() - interval '1 hour' from processing_requests where state = 'PENDING'`,
  `insert into idempotency_keys (user_id, method, path, key, request_hash, status_code, body, created_at)
   select 'user-' || n % :users, 'POST', '/api/orders', 'key-' || n, 'hash', 201, '{}', now() - interval '25 hours' * (n::float8 / (:orders / 20))
   from generate_series(1, :orders / 20) n`,
  `insert into dead_letters (topic, partition, record_offset, dead_at, origin_topic, origin_partition, origin_offset, origin_at, consumer_group, code,
     key, value, headers, replay_count, order_id, request_id)
   select t || '.DLT', 0, n, at, t, n % 3, n, at, 'order-processing-group', case n % 5 when 0 then 'UNKNOWN_ORDER' else 'WRONG_SCHEMA' end,
     n::text::bytea, '{}', '{}', 0, case when t = 'coupon.issue' then null when n % 5 > 0 then n end, case when t = 'coupon.issue' then 'request-' || n end
   from generate_series(1, :incidents) n,
     lateral (select (array['order-processing-topic', 'shipment.status', 'coupon.issue'])[1 + n % 3] as t,
       now() - interval '400 days' * (1 - n::float8 / :incidents) as at) l`,
  `insert into dead_letter_decisions (decision_id, topic, partition, record_offset, dead_at, action, actor, reason, bulk_id, edited_value, at, outcome)
   select 'decided-' || record_offset, topic, partition, record_offset, dead_at, 'REPLAY', 'lee', 'why',
     case when record_offset % 10 = 0 then 'bulk-' || record_offset / 1000 end, case when record_offset % 50 = 1 then 'edited'::bytea end,
     dead_at + interval '1 hour', 'processed'
   from dead_letters where record_offset % 5 > 0`,
  `insert into blocked_keys (topic, key, head_partition, head_offset, consumer_group, moved_at)
   select origin_topic, key, origin_partition, origin_offset, consumer_group, dead_at
   from dead_letters where origin_topic = 'shipment.status' and record_offset % 5 = 0`,
  `insert into waiting_records (topic, key, partition, record_offset, record_time, value, headers, turn)
   select topic, key, head_partition, head_offset + 1000000 + w, 0, '{}', '{}', 'turn-' || head_offset || '-' || w
   from blocked_keys, generate_series(1, 2) w`,
  `insert into line_releases (decision_id, topic, key, actor, reason, at)
   select 'release-' || o.id, 'shipment.status', o.id::text::bytea, 'lee', 'why', o.created_at from ${THESE} where o.id % (:orders::int / nullif(:incidents::int, 0)) = 0`,
  `insert into operator_items (kind, subject, cause, order_id, workflow_id, since, state, closed_at, decision, decision_id, actor, reason)
   select kind, 'order-' || o.id, 'UNDO_REFUSED', o.id, 'order-' || o.id, ${LATER(2000)}, case when o.saga_state = 'SETTLED' then 'RESOLVED' else 'OPEN' end,
     case when o.saga_state = 'SETTLED' then ${LATER(9000)} end, 'RETRY', 'item-decision-' || o.id, 'lee', 'why'
   from ${THESE}, unnest(array['PARKED_SAGA', 'PERMANENT_ERROR']) kind where o.id % (:orders::int / nullif(:incidents::int, 0)) = 0 or o.saga_state <> 'SETTLED'`,
];
