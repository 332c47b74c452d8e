import type { Language, Text } from '../contracts/language';
import type { ProcessingTimes } from '../db/processing-times';

/** Fewer say nothing about the next one. */
const LEAST_ORDERS = 20;
const KEEP_MS = 30_000;
/** Where nothing is known. */
const USUAL_TIME: Text = { ko: '1-3분', en: '1-3 minutes' };

/** How long orders took recently; looked up in the background, so that no request waits for it, or fails with it. */
export class ProcessingEstimate {
  private known: ProcessingTimes | undefined;
  private until = Number.NEGATIVE_INFINITY;

  constructor(private readonly lookUp: () => Promise<ProcessingTimes>) {}

  /** Undefined: nothing is known yet, or too few orders were paid. */
  recent(): ProcessingTimes | undefined {
    if (performance.now() >= this.until) {
      this.until = performance.now() + KEEP_MS;
      this.lookUp().then(
        (times) => {
          this.known = times;
        },
        () => undefined,
      );
    }
    return this.known && this.known.count >= LEAST_ORDERS ? this.known : undefined;
  }
}

/** The time that an order usually takes, in words: from what half of them took to what 19 of 20 took. */
export function usualTime(times: ProcessingTimes | undefined, language: Language): string {
  if (!times) return USUAL_TIME[language];
  const inMinutes = times.p95Ms >= 60_000;
  const unitMs = inMinutes ? 60_000 : 1_000;
  const [from, to] = [times.p50Ms, times.p95Ms].map((ms) => Math.max(1, Math.ceil(ms / unitMs))) as [number, number];
  const range = from === to ? String(to) : `${from}-${to}`;
  if (language === 'ko') return `${range}${inMinutes ? '분' : '초'}`;
  return `${range} ${inMinutes ? 'minute' : 'second'}${range === '1' ? '' : 's'}`;
}
