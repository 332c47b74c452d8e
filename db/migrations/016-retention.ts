import type { Knex } from 'knex';

/** What purges look for by age, and what lists and references look for in tables of millions of rows. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index saga_steps_not_in_effect on saga_steps (updated_at, key) where state in ('FAILED', 'UNDONE', 'SKIPPED');
    create index coupon_requests_failed on coupon_requests (requested_at, request_id) where status = 'FAILED';
    create index dead_letter_decisions_age on dead_letter_decisions (at, decision_id);
    create index dead_letter_decisions_edited on dead_letter_decisions (at, decision_id) where edited_value <> '';
    create index line_releases_age on line_releases (at);
    create index resends_age on resends (last_at);
    create index resolutions_age on resolutions (at, decision_id);

    -- Sagas are listed by any state, the newest first.
    drop index orders_saga_state;
    create index orders_saga_state on orders (saga_state, id);
    create index resolutions_order on resolutions (order_id);
    -- A key may be longer than a tree takes.
    create index line_releases_key on line_releases using hash (key);
    -- What waits to be published may be much while Kafka is unavailable. No plain id: Postgres would rather take the order from
    -- the primary key, and read all that was published before.
    drop index outbox_due;
    create index outbox_due on outbox (topic, (id + 0)) where published_at is null;
    create index outbox_unpublished_key on outbox (key) where published_at is null;
    create index processing_requests_signalled on processing_requests (created_at) where signalled_at is not null;
    create index blocked_keys_moved on blocked_keys (moved_at);
    create index operator_items_open_id on operator_items (id) where state = 'OPEN';
    -- What refers to a coupon request that is to be deleted.
    create index orders_coupon_request on orders (coupon_request_id) where coupon_request_id is not null;
    create index dead_letters_request on dead_letters (request_id) where request_id is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index saga_steps_not_in_effect, outbox_due, coupon_requests_failed, dead_letter_decisions_age, dead_letter_decisions_edited,
      line_releases_age, resends_age, resolutions_age, outbox_unpublished_key,
      processing_requests_signalled, orders_saga_state, resolutions_order, line_releases_key, blocked_keys_moved, operator_items_open_id, orders_coupon_request,
      dead_letters_request;
    create index outbox_due on outbox (topic, id) where published_at is null;
    create index orders_saga_state on orders (saga_state) where saga_state in ('COMPENSATING', 'NEEDS_OPERATOR');
  `);
}
