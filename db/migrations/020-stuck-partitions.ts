import type { Knex } from 'knex';

const KIND = 'STUCK_PARTITION';

/** A partition that a record keeps up for a reason that nobody foresaw waits for a person, too. */
export async function up(knex: Knex): Promise<void> {
  await allow(knex, [...(await allowedKinds(knex)), KIND]);
}

export async function down(knex: Knex): Promise<void> {
  await knex('operator_items').where({ kind: KIND }).delete();
  const kinds = await allowedKinds(knex);
  await allow(
    knex,
    kinds.filter((kind) => kind !== KIND),
  );
}

/** Whichever others were added before. */
async function allowedKinds(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { rule: string }[] }>(
    `select pg_get_constraintdef(oid) as rule from pg_constraint
     where conrelid = 'operator_items'::regclass and conname = 'operator_items_kind_check'`,
  );
  return rows.flatMap(({ rule }) => [...rule.matchAll(/'(\w+)'/g)].map(([, kind]) => kind as string));
}

async function allow(knex: Knex, kinds: readonly string[]): Promise<void> {
  const list = kinds.map((kind) => `'${kind}'`).join(', ');
  await knex.raw(`
    alter table operator_items drop constraint operator_items_kind_check;
    alter table operator_items add constraint operator_items_kind_check check (kind in (${list}));
  `);
}
