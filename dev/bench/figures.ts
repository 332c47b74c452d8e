/** The value below which `share` (0 to 1) of the values lie; NaN of none. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

export function spread(values: readonly number[]): Spread {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99), count: values.length };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Keeps `width` runs of `work` going until `isOver`, then lets those under way end; the first error ends it all. */
export async function keepInFlight(width: number, isOver: () => boolean, work: () => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (!isOver()) await work();
    }),
  );
}

/** Counts what ends between the warm-up and the end of the window. */
export class Window {
  private readonly from: number;
  private readonly to: number;
  private counted = 0;

  constructor(warmUpS: number, seconds: number) {
    this.from = performance.now() + warmUpS * 1000;
    this.to = this.from + seconds * 1000;
  }

  isOver = (): boolean => performance.now() >= this.to;

  /** Takes note of one end; whether it fell into the window. */
  count(): boolean {
    const now = performance.now();
    if (now < this.from || now > this.to) return false;
    this.counted += 1;
    return true;
  }

  /** Runs `begin` when the window opens and `end` on its result when it closes. */
  async during<Begun, Result>(begin: () => Begun, end: (begun: Begun) => Result): Promise<Result> {
    await sleep(this.from - performance.now());
    const begun = begin();
    await sleep(this.to - performance.now());
    return end(begun);
  }

  get perSecond(): number {
    return this.counted / ((this.to - this.from) / 1000);
  }
}
