import type { Knex } from 'knex';

/**
 * An index of the dead-letter topics, which can be emptied and read again, and apart from it what people decided: that
 * refers to a dead letter by its place, which no reading changes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table dead_letters (
      topic text not null,
      partition integer not null,
      record_offset bigint not null,
      dead_at timestamptz not null,
      origin_topic text not null,
      origin_partition integer not null,
      origin_offset bigint not null,
      origin_at timestamptz,
      consumer_group text,
      code text,
      message text,
      -- The record as it was, byte for byte, with its own headers: name -> values in Base64.
      key bytea,
      value bytea,
      headers jsonb not null,
      replay_count integer not null,
      -- The decision whose replay died again as this letter.
      decision_id text,
      event_id text,
      order_id bigint,
      request_id text,
      primary key (topic, partition, record_offset)
    );
    create index dead_letters_time on dead_letters (dead_at desc);
    create index dead_letters_cause on dead_letters (origin_topic, code);
    create index dead_letters_decision on dead_letters (decision_id) where decision_id is not null;

    create table dead_letter_decisions (
      decision_id text primary key,
      topic text not null,
      partition integer not null,
      record_offset bigint not null,
      action text not null check (action in ('REPLAY', 'DISCARD')),
      actor text not null,
      reason text not null,
      -- What was sent instead of the value; null: the value itself.
      edited_value bytea,
      is_override boolean not null default false,
      bulk_id text,
      at timestamptz not null default now(),
      -- What the replayed record came to.
      outcome text check (outcome in ('processed', 'duplicate', 'dead')),
      outcome_at timestamptz,
      workflow_id text,
      unique (topic, partition, record_offset)
    );
    create index dead_letter_decisions_bulk on dead_letter_decisions (bulk_id) where bulk_id is not null;

    -- Of records that are not text: {"key": Base64 or null, "value": Base64 or null}, sent instead of key and value.
    alter table outbox add column raw jsonb;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table outbox drop column raw;
    drop table dead_letter_decisions, dead_letters;
  `);
}
