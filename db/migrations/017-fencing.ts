import type { Knex } from 'knex';

/**
 * What a run must know to change nothing when it comes too late: the code by which a step was refused outlives its undo,
 * and an order names the refund that has it. A provider's own words are not kept: they may name a customer.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table saga_steps add column refused_code text, drop column message;
    update saga_steps set refused_code = code where state = 'FAILED';
    alter table orders add column refund_run_id text;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table saga_steps drop column refused_code, add column message text;
    alter table orders drop column refund_run_id;
  `);
}
