-- The order's row, locked until the transaction ends. OS003: there is no such order.
create or replace function require_order(the_order bigint) returns orders language plpgsql as $$
declare
  found_order orders;
begin
  select * into found_order from orders where id = the_order for no key update;
  if not found then
    raise exception using errcode = 'OS003', constraint = 'ORDER_NOT_FOUND', message = 'there is no order ' || the_order;
  end if;
  return found_order;
end $$;
