-- Takes a key until the transaction ends, and what is known under it, which a second statement reads: what its last holder
-- committed is seen. Null: another request holds the key right now. `of`: as find_keyed_request.
create or replace function lock_keyed_request(of jsonb) returns jsonb language plpgsql as $$
begin
  if not pg_try_advisory_xact_lock(
    hashtextextended(jsonb_build_array(of -> 'userId', of -> 'method', of -> 'path', of -> 'key')::text, 0)) then
    return null;
  end if;
  return jsonb_build_object('known', find_keyed_request(of));
end $$;
