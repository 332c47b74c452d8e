/** What a figure is to reach. An aim below its must means "at most", one above it "at least". */
export interface Goal {
  readonly aim: number;
  readonly must: number;
  readonly unit?: string;
}

export const GOALS = {
  /** CPU of an order, relative to the other checkout. */
  cpuRelative: { aim: 0.55, must: 0.7 },
  ordersPerNoop: { aim: 0.35, must: 0.28 },
  statements: { aim: 20, must: 28 },
  writingCommits: { aim: 8, must: 9 },
  /** Half of what it was before, and 0.7 of it. */
  preparingPerNoop: { aim: 1.75, must: 2.45 },
  firstSeconds: { aim: 1.4, must: 1.6 },
  submitShare: { aim: 0.6, must: 0.5 },
  relayAlone: { aim: 4, must: 6, unit: 'ms' },
  relayPaced: { aim: 25, must: 50, unit: 'ms' },
  statusPerSecond: { aim: 1_000, must: 500 },
  liveP99: { aim: 100, must: 250, unit: 'ms' },
  couponShare: { aim: 0.6, must: 0.5 },
  couponP99: { aim: 50, must: 100, unit: 'ms' },
  issuedShare: { aim: 0.7, must: 0.6 },
  /** Of CPU per order: within 15 %. */
  growth: { aim: 1.15, must: 1.15 },
} as const satisfies Readonly<Record<string, Goal>>;

export type Outcome = 'aim met' | 'must met' | 'missed';

export function outcomeOf(value: number, { aim, must }: Goal): Outcome {
  const reaches = (limit: number) => (aim <= must ? value <= limit : value >= limit);
  if (reaches(aim)) return 'aim met';
  return reaches(must) ? 'must met' : 'missed';
}

export function inWords({ aim, must, unit }: Goal): string {
  const sign = aim <= must ? '<=' : '>=';
  return `aim ${sign} ${aim}${aim === must ? '' : `, must ${must}`}${unit ? ` ${unit}` : ''}`;
}
