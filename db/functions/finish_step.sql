-- Records how a provider's step has ended, once: its effect with the provider's reference, or the code of a refusal, which is
-- final. Where another run was faster, its outcome counts. OS002: the step was undone meanwhile.
-- `call`: orderId, step, attempt; providerRef and, of a payment, chargedMinor; or refusedCode.
-- Returns refusedCode where the step is refused.
create or replace function finish_step(call jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders := require_order((call ->> 'orderId')::bigint);
  step_key text := concat_ws(':', call ->> 'orderId', call ->> 'step', call ->> 'attempt');
  refused text := call ->> 'refusedCode';
  known saga_steps;
begin
  update saga_steps set state = case when refused is null then 'DONE' else 'FAILED' end,
    provider_ref = coalesce(call ->> 'providerRef', provider_ref), code = refused, refused_code = refused,
    updated_at = clock_timestamp()
    where key = step_key and state = 'UNKNOWN'
    returning * into known;
  if found then
    if call ? 'chargedMinor' then
      insert into money_movements (order_id, kind, amount_minor, key, provider_ref)
        values (the_order.id, 'charge', (call ->> 'chargedMinor')::bigint, step_key, known.provider_ref)
        on conflict (key, kind) do nothing;
    end if;
    perform record_step(the_order.id, known.step, known.attempt, known.state, refused);
  else
    select * into known from saga_steps where key = step_key;
  end if;
  if known.state = 'DONE' then
    return '{}';
  end if;
  if known.refused_code is not null then
    return jsonb_build_object('refusedCode', known.refused_code);
  end if;
  raise exception using errcode = 'OS002', constraint = 'STEP_CLOSED', message = step_key || ' was undone before it was done';
end $$;
