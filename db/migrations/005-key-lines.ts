import type { Knex } from 'knex';

/** On a topic that keeps order, what follows a dead letter of its key waits here until that is decided. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table blocked_keys (
      topic text not null,
      key bytea not null,
      -- A key may be longer than an index takes.
      key_hash bytea generated always as (sha256(key)) stored,
      -- The record that all others wait behind: it died here, in this group...
      head_partition integer not null,
      head_offset bigint not null,
      consumer_group text not null,
      -- ...or, once that was decided, it is the one under way with this in its header; null: nothing is decided yet.
      turn text,
      moved_at timestamptz not null default now(),
      primary key (topic, key_hash)
    );
    create index blocked_keys_head on blocked_keys (topic, head_partition, head_offset);
    create index blocked_keys_turn on blocked_keys (turn) where turn is not null;

    create table waiting_records (
      -- The order in which they came, and go on.
      id bigint generated always as identity primary key,
      topic text not null,
      key bytea not null,
      key_hash bytea generated always as (sha256(key)) stored,
      partition integer not null,
      record_offset bigint not null,
      -- Milliseconds since 1970; distinguishes a record from one at the same position of a topic that was made anew.
      record_time bigint not null,
      value bytea,
      -- name -> values in Base64
      headers jsonb not null,
      -- What lets it pass the others, when its time has come; among its headers, too.
      turn text not null,
      since timestamptz not null default now(),
      unique (topic, partition, record_offset, record_time),
      foreign key (topic, key_hash) references blocked_keys
    );
    create index waiting_records_line on waiting_records (topic, key_hash, id);

    -- Who let a line go on that nothing else would have moved.
    create table line_releases (
      decision_id text primary key,
      topic text not null,
      key bytea not null,
      actor text not null,
      reason text not null,
      at timestamptz not null default now()
    );

    -- What had let the record pass those that wait behind it.
    alter table dead_letters add column turn text;
    create index dead_letters_origin on dead_letters (origin_topic, origin_partition, origin_offset);
    create index dead_letters_turn on dead_letters (turn) where turn is not null;
    -- The dead letters of an order; one that can't be read is known by its key.
    create index dead_letters_order on dead_letters (order_id);
    create index dead_letters_key on dead_letters (sha256(key));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index dead_letters_origin, dead_letters_turn, dead_letters_order, dead_letters_key;
    alter table dead_letters drop column turn;
    drop table line_releases, waiting_records, blocked_keys;
  `);
}
