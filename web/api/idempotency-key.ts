import { useRef } from 'react';
import { isTemporary } from './failure';

/**
 * Keys for requests that a reader sends: a request that got no response may have arrived, so the same one sent again has the same key.
 * After any other end a new one is made.
 */
export function useIdempotencyKeys() {
  const open = useRef<{ readonly request: string; readonly key: string }>(undefined);
  return {
    keyOf(request: unknown): string {
      const text = JSON.stringify(request);
      if (open.current?.request !== text) open.current = { request: text, key: newKey() };
      return open.current.key;
    },
    ended(error: Error | null): void {
      if (!isTemporary(error)) open.current = undefined;
    },
  };
}

/** As random as a UUID, which browsers make on secure pages only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
