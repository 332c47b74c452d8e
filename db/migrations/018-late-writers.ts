import type { Knex } from 'knex';

/**
 * By what a worker that comes too late is known: an attempt that has failed is closed to its settlement, and what is shown of a
 * saga, in the order's row and on the operators' list, has the workflow's time at which it was true.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table processing_requests add column failure jsonb;
    alter table orders add column saga_state_at timestamptz;
    alter table operator_items add column as_of_ms bigint;
    drop index operator_items_workflow;
    create index operator_items_workflow on operator_items (workflow_id) where workflow_id is not null;
    create index orders_hold on orders (hold_expires_at) where status = 'PENDING_PAYMENT';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index operator_items_workflow, orders_hold;
    create index operator_items_workflow on operator_items (workflow_id) where state = 'OPEN';
    alter table operator_items drop column as_of_ms;
    alter table orders drop column saga_state_at;
    alter table processing_requests drop column failure;
  `);
}
