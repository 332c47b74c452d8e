import { EVENT_RULE, lastEventIdSchema } from '../contracts/http';
import type { Language } from '../contracts/language';
import { invalid } from './validation';

export const HEARTBEAT_MS = 15_000;
/** What may wait in memory for a client that doesn't read, in bytes; it is dropped then, and can resume. */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/** Streams that are open, so that a shutdown can end them cleanly. */
export class OpenStreams {
  private readonly closers = new Set<() => void>();
  private isClosed = false;

  /** Keeps a stream until `remove` is called; `close` ends it for good. */
  add(close: () => void): () => void {
    // It was opened while the others were closed.
    if (this.isClosed) close();
    this.closers.add(close);
    return () => this.closers.delete(close);
  }

  closeAll(): void {
    this.isClosed = true;
    for (const close of [...this.closers]) close();
  }
}

/** The id to resume after; none given: from the beginning. */
export function resumeAfter(lastEventId: unknown, language: Language): number {
  const result = lastEventIdSchema
    .transform(Number)
    .refine(Number.isSafeInteger, EVENT_RULE)
    .safeParse(lastEventId ?? '');
  if (result.success) return result.data;
  throw invalid([{ code: 'custom', path: ['lastEventId'], message: EVENT_RULE }], language);
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls back when a token has ended: a stream lives no longer than the right to read it. Returns how to stop. */
export function onExpiry(expiresAt: number, callBack: () => void): () => void {
  const timer = setTimeout(callBack, Math.min(Math.max(expiresAt - Date.now(), 0), MAX_TIMER_MS)).unref();
  return () => clearTimeout(timer);
}
