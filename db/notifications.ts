import type { Db, Trx } from './connection';

export interface Notification {
  readonly id: number;
  /** What it is about: an order, or a request for a coupon. */
  readonly orderId: number | null;
  readonly couponRequestId: string | null;
  readonly outcome: string;
  readonly recipient: string;
  readonly body: string;
}

/** Writes a notification for the customer; the same outcome with the same key is notified once. */
export async function addNotification(
  trx: Trx,
  notification: Omit<Notification, 'id' | 'couponRequestId'> & { readonly dedupeKey: string },
): Promise<void> {
  await trx('notifications')
    .insert({
      order_id: notification.orderId,
      outcome: notification.outcome,
      dedupe_key: notification.dedupeKey,
      recipient: notification.recipient,
      body: notification.body,
    })
    .onConflict(['order_id', 'dedupe_key'])
    .ignore();
}

/**
 * Hands undelivered notifications to `deliver`, oldest first, and marks what was delivered; a notification that
 * throws stays for the next call. Returns how many were delivered.
 */
export async function deliverNotifications(
  db: Db,
  deliver: (notification: Notification) => Promise<void>,
  limit = 50,
): Promise<number> {
  return db.transaction(async (trx) => {
    const rows = (await trx('notifications')
      .select({
        id: 'id',
        orderId: 'order_id',
        couponRequestId: 'coupon_request_id',
        outcome: 'outcome',
        recipient: 'recipient',
        body: 'body',
      })
      .whereNull('delivered_at')
      .orderBy('id')
      .limit(limit)
      .forUpdate()
      .skipLocked()) as Notification[];
    const results = await Promise.allSettled(rows.map(deliver));
    const delivered = rows.filter((_, index) => results[index]?.status === 'fulfilled').map((row) => row.id);
    await trx('notifications').whereIn('id', delivered).update({ delivered_at: trx.fn.now() });
    return delivered.length;
  });
}
