-- The request of the last `validMs` under a key; null: there is none. Ages are the database's, as processes' clocks differ.
-- `of`: userId, method, path, key, validMs, claimMs.
create or replace function find_keyed_request(of jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object('requestHash', request_hash, 'statusCode', status_code, 'body', body, 'requestId', request_id,
    'isClaimed', claim_id is not null and claimed_at > now() - (of -> 'claimMs')::int * interval '1 millisecond')
  from idempotency_keys
  where user_id = of ->> 'userId' and method = of ->> 'method' and path = of ->> 'path' and key = of ->> 'key'
    and created_at > now() - (of -> 'validMs')::int * interval '1 millisecond'
$$;
