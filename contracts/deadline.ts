/**
 * Aborts with a TimeoutError after `ms`, or when one of the signals does. `AbortSignal.timeout` would not do: on Node 20
 * `AbortSignal.any` holds its sources weakly, so that such a timeout can be garbage-collected and never fires.
 */
export function deadline(ms: number, ...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const timeout = new AbortController();
  const fire = () => timeout.abort(new DOMException('no response before the deadline', 'TimeoutError'));
  const timer = setTimeout(fire, ms) as number | { unref(): void };
  // A browser's timer is a number; Node's must not keep the process alive.
  if (typeof timer === 'object') timer.unref();
  return AbortSignal.any([timeout.signal, ...signals.filter((signal) => signal !== undefined)]);
}
