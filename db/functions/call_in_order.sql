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
    -- An unknown one is an error.
    case input ->> 'call'
      when 'begin_attempt' then result := begin_attempt(input);
      when 'begin_step' then result := begin_step(input);
      when 'finish_step' then result := finish_step(input);
      when 'complete_payment' then result := complete_payment(input);
      when 'settle_attempt' then result := settle_attempt(input);
    end case;
    results := results || jsonb_build_array(result);
    exit when result -> 'accepted' = 'false' or result ? 'ended' or result ->> 'refusedCode' is not null;
  end loop;
  return results;
end $$;
