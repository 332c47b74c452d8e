import type { Db } from '../db/connection';
import { deliverNotifications, type Notification } from '../db/notifications';
import type { Logger } from '../observability/logger';
import { every } from './every';

const POLL_MS = 1_000;

/** How customers are notified; `deliver` throws when it is to be tried again, and may be called twice for one id. */
export interface NotificationPort {
  deliver(notification: Notification): Promise<void>;
}

/** Writes notifications to the log only, without the full address. */
export function logNotifications(logger: Logger): NotificationPort {
  return {
    deliver({ id, recipient, ...notification }) {
      logger.info({ notificationId: id, ...notification, recipient: masked(recipient) }, 'notification');
      return Promise.resolve();
    },
  };
}

function masked(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${address[0]}***${address.slice(at)}`;
}

/** Delivers the notifications that wait in the database, again and again; several processes may do so side by side. */
export function startNotifier(options: { readonly db: Db; readonly port: NotificationPort; readonly logger: Logger }): {
  stop(): Promise<void>;
} {
  const { db, port, logger } = options;
  return every(
    POLL_MS,
    () =>
      deliverNotifications(db, async (notification) => {
        try {
          await port.deliver(notification);
        } catch (error) {
          logger.warn({ err: error, notificationId: notification.id }, 'a notification could not be delivered');
          throw error;
        }
      }),
    (error) => logger.warn({ err: error }, 'notifications could not be read'),
  );
}
