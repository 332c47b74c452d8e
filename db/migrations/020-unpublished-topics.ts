import type { Knex } from 'knex';

const KINDS = [
  ...['PARKED_SAGA', 'PERMANENT_ERROR', 'CREDENTIALS_REFUSED', 'DEAD_LETTER', 'BLOCKED_KEY', 'FAILED_WORKFLOW'],
  'LOST_REQUEST',
];

/** A topic that takes no records is listed for operators, too. */
export async function up(knex: Knex): Promise<void> {
  await allow(knex, [...KINDS, 'UNPUBLISHED_TOPIC']);
}

export async function down(knex: Knex): Promise<void> {
  await knex('operator_items').where({ kind: 'UNPUBLISHED_TOPIC' }).delete();
  await allow(knex, KINDS);
}

async function allow(knex: Knex, kinds: readonly string[]): Promise<void> {
  const list = kinds.map((kind) => `'${kind}'`).join(', ');
  await knex.raw(`
    alter table operator_items drop constraint operator_items_kind_check;
    alter table operator_items add constraint operator_items_kind_check check (kind in (${list}));
  `);
}
