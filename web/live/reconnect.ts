const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;

/** How long to wait before the next try, after so many that failed in a row; `random` (0 to 1) spreads clients that fail together. */
export function reconnectDelayMs(failures: number, random: number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1), LONGEST_DELAY_MS);
  return Math.round(delayMs * (0.5 + random / 2));
}
