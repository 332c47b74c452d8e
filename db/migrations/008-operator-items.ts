import type { Knex } from 'knex';

/** One list of what needs a person. A cause is listed once while it is open; what is closed stays as the record of who decided what. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table operator_items (
      id bigint generated always as identity primary key,
      kind text not null check (kind in (
        'PARKED_SAGA', 'PERMANENT_ERROR', 'CREDENTIALS_REFUSED', 'DEAD_LETTER', 'BLOCKED_KEY', 'FAILED_WORKFLOW', 'LOST_REQUEST',
        'UNPUBLISHED_TOPIC', 'STUCK_PARTITION')),
      subject text not null,
      cause text not null,
      order_id bigint references orders (id),
      workflow_id text,
      run_id text,
      step text,
      amount_at_risk_minor bigint not null default 0,
      since timestamptz not null default clock_timestamp(),
      last_seen_at timestamptz not null default clock_timestamp(),
      times integer not null default 1,
      state text not null default 'OPEN' check (state in ('OPEN', 'RESOLVED', 'HEALED')),
      closed_at timestamptz,
      decision text,
      decision_id text,
      actor text,
      reason text
    );
    create unique index operator_items_open on operator_items (kind, subject) where state = 'OPEN';
    create index operator_items_open_since on operator_items (since, id) where state = 'OPEN';
    create index operator_items_closed on operator_items (closed_at) where state <> 'OPEN';
    create index operator_items_workflow on operator_items (workflow_id) where state = 'OPEN';
    create index operator_items_subject on operator_items (subject);
    create index operator_items_order on operator_items (order_id) where order_id is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table operator_items');
}
