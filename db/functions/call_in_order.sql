-- Calls functions of a saga's steps one after the other, in one transaction: `calls` is a list of their inputs, each with the
-- function's name as `call`. Returns their results; after an attempt that is not accepted, or over, and after a refusal, nothing
-- more is called.
create or replace function call_in_order(calls jsonb) returns jsonb language plpgsql as $$
declare
  input jsonb;
  result jsonb;
  results jsonb := '[]';
begin
  for input in select jsonb_array_elements(calls) loop
    result := case input ->> 'call'
      when 'begin_attempt' then begin_attempt(input)
      when 'begin_step' then begin_step(input)
      when 'finish_step' then finish_step(input)
      when 'complete_payment' then complete_payment(input)
      when 'settle_attempt' then settle_attempt(input)
    end;
    results := results || jsonb_build_array(result);
    exit when result -> 'accepted' = 'false' or result ?| array['ended', 'refusedCode'];
  end loop;
  return results;
end $$;
