import type { Settings } from '../config/settings';
import { IDEMPOTENCY_MS } from '../db/idempotency';
import type { RetentionAges } from '../db/retention';

export const DAY_MS = 24 * 60 * 60_000;

/** How long rows are kept, by the settings. */
export function retentionAges(settings: Settings): RetentionAges {
  return {
    outbox: settings.RETENTION_OUTBOX_MS,
    idempotency: IDEMPOTENCY_MS,
    personal: settings.RETENTION_PERSONAL_DAYS * DAY_MS,
    history: settings.RETENTION_HISTORY_DAYS * DAY_MS,
    deadLetters: settings.RETENTION_DEAD_LETTERS_DAYS * DAY_MS,
    audit: settings.RETENTION_AUDIT_DAYS * DAY_MS,
  };
}
