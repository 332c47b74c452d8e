import type { Knex } from 'knex';

/** What reconciliation finds is listed with its evidence and the fix that it offers; its runs are kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table operator_items
      add column evidence jsonb,
      add column offered_fix text,
      drop constraint operator_items_kind_check,
      add constraint operator_items_kind_check check (kind in (
        'PARKED_SAGA', 'PERMANENT_ERROR', 'CREDENTIALS_REFUSED', 'DEAD_LETTER', 'BLOCKED_KEY', 'FAILED_WORKFLOW', 'LOST_REQUEST',
        'UNPUBLISHED_TOPIC', 'STUCK_PARTITION', 'RECONCILIATION'));

    create index operator_items_findings on operator_items (id) where kind = 'RECONCILIATION' and state = 'OPEN';
    create index operator_items_found on operator_items (run_id) where kind = 'RECONCILIATION';

    create table reconciliation_runs (
      id text primary key,
      scope text not null check (scope in ('FULL', 'INCREMENTAL')),
      state text not null default 'RUNNING' check (state in ('RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
      is_dry_run boolean not null,
      is_fixing boolean not null,
      actor text not null,
      reason text,
      -- What an incremental run was asked to begin with; null: with what came after the run before.
      since timestamptz,
      -- The entries of the timeline whose orders it examines: after the one, up to the other.
      timeline_from bigint not null,
      timeline_through bigint not null,
      started_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz,
      -- {"orders": n, ...}
      examined jsonb not null default '{}',
      -- Provider -> why what it has could not be read to its end.
      unavailable jsonb not null default '{}',
      -- By code.
      found jsonb not null default '{}',
      healed jsonb not null default '{}',
      fixed jsonb not null default '{}',
      -- Subject -> why its fix was not applied.
      refused jsonb not null default '{}',
      -- The first findings of a run that lists nothing.
      preview jsonb not null default '[]'
    );
    create index reconciliation_runs_started on reconciliation_runs (started_at desc);
    create index reconciliation_runs_finished on reconciliation_runs (finished_at, id) where finished_at is not null;

    -- Units that were put in, or written off: few rows a product.
    create index stock_movements_put on stock_movements (sku) where kind in ('set', 'adjust');
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index stock_movements_put, operator_items_found, operator_items_findings;
    drop table reconciliation_runs;
    delete from operator_items where kind = 'RECONCILIATION';
    alter table operator_items
      drop column evidence, drop column offered_fix,
      drop constraint operator_items_kind_check,
      add constraint operator_items_kind_check check (kind in (
        'PARKED_SAGA', 'PERMANENT_ERROR', 'CREDENTIALS_REFUSED', 'DEAD_LETTER', 'BLOCKED_KEY', 'FAILED_WORKFLOW', 'LOST_REQUEST',
        'UNPUBLISHED_TOPIC', 'STUCK_PARTITION'));
  `);
}
