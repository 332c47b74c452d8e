-- The money is taken and the parcel ordered; what remains is the warehouse.
-- `call`: as of `require_running`, and at, headers.
create or replace function complete_payment(call jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders := require_order((call ->> 'orderId')::bigint);
begin
  if require_running(call) then
    perform advance_order(the_order, call || '{"path": ["PAYMENT_COMPLETED"], "sagaState": "RUNNING"}');
  end if;
  return '{}';
end $$;
