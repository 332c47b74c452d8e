-- Writes the customer's notification, once an outcome; outcomes that can recur in an order name the occurrence.
create or replace function notify_customer(
  the_order orders, outcome text, body text, occurrence text default null
) returns void language sql as $$
  insert into notifications (order_id, outcome, dedupe_key, recipient, body)
    values (the_order.id, outcome, concat_ws(':', outcome, occurrence), the_order.user_email, body)
    on conflict (order_id, dedupe_key) do nothing
$$;
