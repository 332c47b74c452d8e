import type { Knex } from 'knex';

/** How often a record that seems to be lost was sent again, and the questions that find those. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table resends (
      subject text primary key,
      times integer not null default 1,
      last_at timestamptz not null default clock_timestamp()
    );
    create index processing_requests_pending on processing_requests (created_at) where state = 'PENDING';
    create index orders_unclaimed on orders (created_at) where status = 'CREATED' and run_id is null;
    create index coupon_requests_waiting on coupon_requests (requested_at) where status = 'REQUESTED';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table resends;
    drop index processing_requests_pending, orders_unclaimed, coupon_requests_waiting;
  `);
}
