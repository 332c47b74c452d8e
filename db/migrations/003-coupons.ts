import type { Knex } from 'knex';

/**
 * Coupons and those who ask for them. The counters stand in the coupon's row: a transaction that gives a rank or a coupon holds
 * its lock, and the checks refuse one too many whatever the code believes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table coupons (
      code text primary key,
      name text not null,
      total bigint not null,
      discount_type text not null check (discount_type in ('FIXED', 'PERCENT')),
      discount_value bigint not null check (discount_value > 0),
      minimum_minor bigint not null default 0 check (minimum_minor >= 0),
      opens_at timestamptz,
      closes_at timestamptz,
      -- The last rank given; requests that hold a place (REQUESTED or ISSUED); coupons issued.
      last_rank bigint not null default 0,
      taken bigint not null default 0,
      issued bigint not null default 0,
      -- Grows with every change of the above but issued: what was read at one version is true until the next.
      version bigint not null default 1,
      updated_at timestamptz not null default now(),
      constraint coupons_never_oversold check (0 <= issued and issued <= taken and taken <= total)
    );

    create table coupon_requests (
      request_id text primary key,
      code text not null references coupons (code),
      user_id text not null,
      user_email text not null,
      rank bigint not null,
      status text not null default 'REQUESTED' check (status in ('REQUESTED', 'ISSUED', 'FAILED')),
      reason text,
      -- The event as it was published, byte for byte.
      event text not null,
      replays integer not null default 0,
      requested_at timestamptz not null,
      issued_at timestamptz,
      -- The order that names this coupon, and whether it is paid with it.
      order_id bigint references orders (id),
      redeemed_at timestamptz,
      unique (code, rank),
      check ((status = 'ISSUED') = (issued_at is not null)),
      check (order_id is null or status = 'ISSUED'),
      check (redeemed_at is null or order_id is not null)
    );
    create unique index coupon_requests_one_a_user on coupon_requests (code, user_id) where status <> 'FAILED';
    create unique index coupon_requests_order on coupon_requests (order_id) where order_id is not null;

    alter table orders
      add column coupon_request_id text references coupon_requests (request_id),
      add column coupon_code text references coupons (code),
      add column discount_minor bigint not null default 0 check (discount_minor >= 0);

    alter table notifications
      alter column order_id drop not null,
      add column coupon_request_id text references coupon_requests (request_id),
      add constraint notifications_one_subject check (num_nonnulls(order_id, coupon_request_id) = 1),
      add unique (coupon_request_id, dedupe_key);

    create type asked_coupon as (
      place integer, request_id text, user_id text, user_email text, event_id text, headers jsonb
    );

    -- What is known of each who asks: ACCEPTED with the rank of before, refused for what he has, or null: may be let in.
    create function judge_coupon_requests(wanted_code text, asked asked_coupon[])
    returns table (place integer, request_id text, outcome text, rank bigint) language sql stable as $$
      select a.place, a.request_id,
        case
          when known.user_id = a.user_id and known.code = wanted_code then 'ACCEPTED'
          when known.request_id is not null then 'REQUEST_ID_REUSED'
          when live.request_id is not null then 'COUPON_ALREADY_REQUESTED'
        end,
        known.rank
      from unnest(asked) a
      left join coupon_requests known on known.request_id = a.request_id
      left join coupon_requests live
        on live.code = wanted_code and live.user_id = a.user_id and live.status <> 'FAILED'
    $$;

    -- Why a coupon takes nobody at that time; null: it takes somebody.
    create function coupon_refusal(coupon coupons, at timestamptz) returns text language sql immutable as $$
      select case
        when coupon.code is null then 'COUPON_NOT_FOUND'
        when at < coupon.opens_at then 'COUPON_NOT_OPEN'
        when at >= coupon.closes_at then 'COUPON_CLOSED'
        when coupon.taken >= coupon.total then 'COUPON_SOLD_OUT'
      end
    $$;

    -- Lets in all who wait, in their order, as far as there is room. Nothing is written, and no lock taken, where there
    -- is none. Nobody may stand in 'wanted' twice, neither by user nor by request.
    create function admit_coupon_requests(wanted_code text, wanted jsonb, issue_topic text)
    returns table (request_id text, outcome text, rank bigint) language plpgsql as $$
    #variable_conflict use_column
    declare
      asked asked_coupon[] := array(select a from jsonb_populate_recordset(null::asked_coupon, wanted) a);
      coupon coupons%rowtype;
      -- One clock for every process that asks.
      at timestamptz := clock_timestamp();
      refusal text;
    begin
      select * into coupon from coupons c where c.code = wanted_code;
      refusal := coupon_refusal(coupon, at);
      if refusal is null then
        -- What is read after the lock is what the one who held it has committed.
        select * into coupon from coupons c where c.code = wanted_code for no key update;
        refusal := coupon_refusal(coupon, at);
      end if;
      if refusal is null then
        with admitted as (
          insert into coupon_requests (request_id, code, user_id, user_email, rank, requested_at, event)
          select a.request_id, wanted_code, a.user_id, a.user_email, coupon.last_rank + n.place, at,
            jsonb_build_object(
              'eventId', a.event_id, 'eventCreatedAt', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
              'schemaVersion', 1, 'requestId', a.request_id, 'userId', a.user_id, 'code', wanted_code,
              'rank', coupon.last_rank + n.place)::text
          from (
            select j.place as asked_place, row_number() over (order by j.place) as place
            from judge_coupon_requests(wanted_code, asked) j where j.outcome is null
          ) n
          join unnest(asked) a on a.place = n.asked_place
          where n.place <= coupon.total - coupon.taken
          -- Two coupons' turns that meet at several requestIds meet at them in one order, and do not deadlock.
          order by a.request_id
          returning request_id, rank, event
        ), queued as (
          insert into outbox (topic, key, value, headers)
          select issue_topic, d.request_id, d.event, coalesce(a.headers, '{}')
          from admitted d join unnest(asked) a on a.request_id = d.request_id order by d.rank
        )
        update coupons c set last_rank = c.last_rank + k.admitted, taken = c.taken + k.admitted, version = c.version + 1,
            updated_at = now()
          from (select count(*) as admitted from admitted) k
          where c.code = wanted_code and k.admitted > 0;
      end if;
      return query
        select j.request_id,
          coalesce(j.outcome, refusal, 'COUPON_SOLD_OUT'),
          j.rank
        from judge_coupon_requests(wanted_code, asked) j;
    end $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop function admit_coupon_requests, coupon_refusal, judge_coupon_requests;
    drop type asked_coupon;
    delete from notifications where order_id is null;
    alter table notifications drop column coupon_request_id, alter column order_id set not null;
    alter table orders drop column coupon_request_id, drop column coupon_code, drop column discount_minor;
    drop table coupon_requests, coupons;
  `);
}
