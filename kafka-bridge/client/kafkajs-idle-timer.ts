/** The part of kafkajs 2.2.4 that is mended here; its own types don't show it. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(this: RequestQueue): void;
}

/**
 * Each connection of kafkajs checks waiting requests by a timer that restarts itself for ever, about a thousand
 * times a second, even when none waits. With five consumers in a process that is a tenth of its CPU. It is needed only
 * while a request waits or the broker throttles, and kafkajs sets it itself whenever that begins.
 */
export function quietIdleTimers(): void {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
