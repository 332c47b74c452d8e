import type { Knex } from 'knex';

/**
 * Who publishes the outbox is a matter of leases alone: a relay that stopped, or whose network was cut, is one no longer
 * once its lease is over, however long its session seems to live. Rows are read by topic, so that one which cannot be
 * published keeps no other from being read.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table relays (
      owner text primary key,
      lease_until timestamptz not null
    );
    create index outbox_due on outbox (topic, id) where published_at is null;
    drop index outbox_unpublished;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table relays;
    create index outbox_unpublished on outbox (id) where published_at is null;
    drop index outbox_due;
  `);
}
