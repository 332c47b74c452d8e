-- The text of a Kafka record's value: the event with what every event carries.
create or replace function event_text(created_at timestamptz, event jsonb) returns text language sql as $$
  select (jsonb_build_object('eventId', gen_random_uuid(), 'schemaVersion', 1,
    'eventCreatedAt', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) || event)::text
$$;
