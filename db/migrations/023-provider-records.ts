import type { Knex } from 'knex';

/** What each provider has of our orders, as its list said when it was last read, and how far each list has been read. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table provider_records (
      provider text not null,
      ref text not null,
      key text not null,
      -- As the provider has it: there may be no such order.
      order_id bigint not null,
      status text not null,
      captured_minor bigint not null default 0,
      refunded_minor bigint not null default 0,
      currency text,
      -- By the provider's clock.
      changed_at timestamptz not null,
      seen_at timestamptz not null,
      primary key (provider, ref)
    );
    create index provider_records_order on provider_records (order_id);
    create index provider_records_changed on provider_records (changed_at, provider, ref);

    -- Whatever changed at the provider in between is in provider_records.
    create table provider_readings (
      provider text primary key,
      covered_from timestamptz not null,
      read_until timestamptz not null
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table provider_records, provider_readings');
}
