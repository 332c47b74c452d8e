import type { Knex } from 'knex';

/**
 * Dead letters and blocked keys are written in several places, and each of them is on the operators' list from the
 * transaction in which it arises to the one in which it ends: so the tables themselves keep the list.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function list_dead_letters() returns trigger language plpgsql as $$
    begin
      insert into operator_items (kind, subject, cause, order_id, since)
        select 'DEAD_LETTER', concat_ws('/', l.topic, l.partition, l.record_offset), coalesce(l.code, 'UNKNOWN'), o.id, l.dead_at
        from new_letters l left join orders o on o.id = l.order_id
        where not exists (
          select from dead_letter_decisions d
          where d.topic = l.topic and d.partition = l.partition and d.record_offset = l.record_offset
            and coalesce(d.dead_at, l.dead_at) = l.dead_at)
        on conflict (kind, subject) where state = 'OPEN' do nothing;
      return null;
    end $$;
    create trigger dead_letters_are_listed after insert on dead_letters
      referencing new table as new_letters for each statement execute function list_dead_letters();

    -- Another letter at the same position: its topic was made anew.
    create trigger replaced_dead_letters_are_listed after update on dead_letters
      referencing new table as new_letters for each statement execute function list_dead_letters();

    create function resolve_dead_letter() returns trigger language plpgsql as $$
    begin
      update operator_items set state = 'RESOLVED', closed_at = clock_timestamp(),
          decision = new.action, decision_id = new.decision_id, actor = new.actor, reason = new.reason
        where kind = 'DEAD_LETTER' and state = 'OPEN'
          and subject = concat_ws('/', new.topic, new.partition, new.record_offset);
      return null;
    end $$;
    create trigger decisions_resolve_dead_letters after insert on dead_letter_decisions
      for each row execute function resolve_dead_letter();

    create function blocked_key_subject(topic text, key bytea) returns text language sql immutable as $$
      select topic || '/' || encode(sha256(key), 'hex')
    $$;

    create function list_blocked_key() returns trigger language plpgsql as $$
    begin
      insert into operator_items (kind, subject, cause, order_id)
        values ('BLOCKED_KEY', blocked_key_subject(new.topic, new.key), 'WAITS_BEHIND_DEAD_LETTER',
          -- As bigint, by which orders are found in their index.
          (select o.id from orders o where o.id =
             case when encode(new.key, 'escape') ~ '^[0-9]{1,15}$' then encode(new.key, 'escape')::bigint end))
        on conflict (kind, subject) where state = 'OPEN' do nothing;
      return null;
    end $$;
    create trigger blocked_keys_are_listed after insert on blocked_keys
      for each row execute function list_blocked_key();

    create function note_release() returns trigger language plpgsql as $$
    begin
      update operator_items set decision = 'RELEASE', decision_id = new.decision_id, actor = new.actor, reason = new.reason
        where kind = 'BLOCKED_KEY' and state = 'OPEN' and subject = blocked_key_subject(new.topic, new.key);
      return null;
    end $$;
    create trigger releases_are_noted after insert on line_releases for each row execute function note_release();

    create function close_blocked_key() returns trigger language plpgsql as $$
    begin
      update operator_items set state = case when decision is null then 'HEALED' else 'RESOLVED' end,
          closed_at = clock_timestamp()
        where kind = 'BLOCKED_KEY' and state = 'OPEN' and subject = blocked_key_subject(old.topic, old.key);
      return null;
    end $$;
    create trigger free_keys_are_not_listed after delete on blocked_keys
      for each row execute function close_blocked_key();

    create index operator_items_decision on operator_items (decision_id) where decision_id is not null;

    -- How far something that looks again and again has looked.
    create table last_looks (
      name text primary key,
      looked_until timestamptz not null
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table last_looks;
    drop index operator_items_decision;
    drop trigger free_keys_are_not_listed on blocked_keys;
    drop trigger blocked_keys_are_listed on blocked_keys;
    drop trigger releases_are_noted on line_releases;
    drop trigger decisions_resolve_dead_letters on dead_letter_decisions;
    drop trigger replaced_dead_letters_are_listed on dead_letters;
    drop trigger dead_letters_are_listed on dead_letters;
    drop function close_blocked_key, note_release, list_blocked_key, blocked_key_subject, resolve_dead_letter, list_dead_letters;
  `);
}
