import type { Knex } from 'knex';

/**
 * A decision is about the dead letter that stood at its place when it was taken, known by its time: a dead-letter topic that is
 * made anew begins at the same places. Null: decided before this, about whatever dead letter stands there.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table dead_letter_decisions
      add column dead_at timestamptz,
      drop constraint dead_letter_decisions_topic_partition_record_offset_key;
    update dead_letter_decisions d set dead_at = l.dead_at from dead_letters l
      where l.topic = d.topic and l.partition = d.partition and l.record_offset = d.record_offset;
    create unique index dead_letter_decisions_letter
      on dead_letter_decisions (topic, partition, record_offset, dead_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index dead_letter_decisions_letter;
    alter table dead_letter_decisions drop column dead_at, add unique (topic, partition, record_offset);
  `);
}
