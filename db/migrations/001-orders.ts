import type { Knex } from 'knex';
import { nextStatuses, ORDER_STATUSES } from '../../domain/order-status';

/** Orders, stock, money, the saga's steps, requests, timeline, outbox: one schema, refused moves included. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table products (
      sku text primary key,
      name text not null,
      price_minor bigint not null check (price_minor >= 0),
      free_units bigint not null default 0 check (free_units >= 0),
      held_units bigint not null default 0 check (held_units >= 0),
      sold_units bigint not null default 0 check (sold_units >= 0),
      updated_at timestamptz not null default now()
    );

    create table order_status_moves (
      from_status text not null,
      to_status text not null,
      primary key (from_status, to_status)
    );

    create table orders (
      id bigint generated always as identity primary key,
      user_id text not null,
      user_email text not null,
      status text not null default 'CREATED',
      status_reason text,
      saga_state text not null default 'RUNNING'
        check (saga_state in ('RUNNING', 'WAITING', 'COMPENSATING', 'NEEDS_OPERATOR', 'SETTLED')),
      currency text not null,
      total_minor bigint not null check (total_minor >= 0),
      run_id text,
      hold_expires_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index orders_user on orders (user_id, id desc);
    create index orders_saga_state on orders (saga_state) where saga_state in ('COMPENSATING', 'NEEDS_OPERATOR');

    create table order_lines (
      order_id bigint not null references orders (id),
      sku text not null references products (sku),
      name text not null,
      quantity bigint not null check (quantity > 0),
      unit_price_minor bigint not null check (unit_price_minor >= 0),
      primary key (order_id, sku)
    );

    create function refuse_illegal_order_move() returns trigger language plpgsql as $$
    begin
      if new.status is distinct from old.status and not exists (
        select 1 from order_status_moves where from_status = old.status and to_status = new.status
      ) then
        raise exception 'order % cannot move from % to %', old.id, old.status, new.status
          using errcode = 'OS001', constraint = 'order_status_moves';
      end if;
      return new;
    end $$;
    create trigger orders_moves before update of status on orders
      for each row execute function refuse_illegal_order_move();

    create function refuse_orders_born_elsewhere() returns trigger language plpgsql as $$
    begin
      if new.status <> 'CREATED' then
        raise exception 'an order begins as CREATED, not as %', new.status using errcode = 'OS001';
      end if;
      return new;
    end $$;
    create trigger orders_birth before insert on orders
      for each row execute function refuse_orders_born_elsewhere();

    create table stock_movements (
      id bigint generated always as identity primary key,
      sku text not null references products (sku),
      order_id bigint references orders (id),
      kind text not null check (kind in ('set', 'hold', 'release', 'sell', 'return', 'adjust')),
      units bigint not null,
      key text not null,
      reason text,
      at timestamptz not null default now(),
      unique (key, sku, kind)
    );
    create index stock_movements_order on stock_movements (order_id);

    create table money_movements (
      id bigint generated always as identity primary key,
      order_id bigint not null references orders (id),
      kind text not null check (kind in ('charge', 'refund', 'adjustment')),
      amount_minor bigint not null check (amount_minor >= 0),
      key text not null,
      provider_ref text,
      reason text,
      at timestamptz not null default now(),
      unique (key, kind)
    );
    create index money_movements_order on money_movements (order_id);

    create table saga_steps (
      key text primary key,
      order_id bigint not null references orders (id),
      step text not null,
      attempt integer not null,
      state text not null check (state in ('UNKNOWN', 'DONE', 'FAILED', 'UNDOING', 'UNDONE', 'UNDO_FAILED', 'SKIPPED')),
      provider_ref text,
      code text,
      message text,
      updated_at timestamptz not null default now(),
      unique (order_id, step, attempt)
    );

    create table processing_requests (
      order_id bigint not null references orders (id),
      event_id text not null,
      retry_count integer not null,
      state text not null default 'PENDING'
        check (state in ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'SKIPPED', 'REPLACED')),
      source text not null check (source in ('api', 'retry', 'kafka')),
      event jsonb not null,
      attempt integer,
      reason text,
      signalled_at timestamptz,
      record jsonb,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (order_id, event_id, retry_count)
    );
    create unique index processing_requests_attempt on processing_requests (order_id, attempt);

    create table resolutions (
      decision_id text primary key,
      order_id bigint not null references orders (id),
      step text not null,
      decision text not null,
      reason text not null,
      actor text not null,
      reference text,
      at timestamptz not null default now()
    );

    create table timeline (
      id bigint generated always as identity primary key,
      order_id bigint not null references orders (id),
      at timestamptz not null default now(),
      type text not null,
      data jsonb not null,
      dedupe_key text,
      unique (order_id, dedupe_key)
    );
    create index timeline_order on timeline (order_id, id);

    create table outbox (
      id bigint generated always as identity primary key,
      topic text not null,
      key text not null,
      lane smallint not null generated always as ((hashtext(key) & 15)::smallint) stored,
      value text not null,
      headers jsonb not null default '{}',
      available_at timestamptz not null default now(),
      created_at timestamptz not null default clock_timestamp(),
      published_at timestamptz
    );
    create index outbox_unpublished on outbox (id) where published_at is null;
    create index outbox_published on outbox (published_at) where published_at is not null;

    create table outbox_lanes (
      lane smallint primary key,
      owner text,
      lease_until timestamptz not null default '-infinity'
    );
    insert into outbox_lanes (lane) select generate_series(0, 15);

    create function wake_relay() returns trigger language plpgsql as $$
    begin
      perform pg_notify('outbox', '');
      return null;
    end $$;
    create trigger outbox_wakes_relay after insert on outbox
      for each statement execute function wake_relay();

    create table notifications (
      id bigint generated always as identity primary key,
      order_id bigint not null references orders (id),
      outcome text not null,
      dedupe_key text not null,
      recipient text not null,
      body text not null,
      created_at timestamptz not null default now(),
      delivered_at timestamptz,
      unique (order_id, dedupe_key)
    );
    create index notifications_undelivered on notifications (id) where delivered_at is null;

    create table idempotency_keys (
      user_id text not null,
      method text not null,
      path text not null,
      key text not null,
      request_hash text not null,
      status_code integer not null,
      body jsonb not null,
      created_at timestamptz not null default now(),
      primary key (user_id, method, path, key)
    );
    create index idempotency_keys_age on idempotency_keys (created_at);
  `);
  await knex('order_status_moves').insert(
    ORDER_STATUSES.flatMap((from) => nextStatuses(from).map((to) => ({ from_status: from, to_status: to }))),
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table idempotency_keys, notifications, outbox_lanes, outbox, timeline, resolutions, processing_requests,
      saga_steps, money_movements, stock_movements, order_lines, orders, order_status_moves, products;
    drop function refuse_illegal_order_move, refuse_orders_born_elsewhere, wake_relay;
  `);
}
