import type { Breakage } from './rows/breakages';
import type { Stage } from './stage';
import type { Invariant } from './witness/invariant';

/** One fault of the matrix. */
export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How often the fault is injected in a full run. */
  readonly times: number;
  /** How often in `npm test`. */
  readonly small: number;
  /** Customers who order at the same time, all along; 4 unless given. */
  readonly customers?: number;
  /** How long anything may take to settle; 180 s unless given. */
  readonly patienceMs?: number;
  readonly invariants: readonly Invariant[];
  /** It touches its own orders only, and can be run beside another such row. */
  readonly isOfOrders?: boolean;
  /** A counter-test: with this rule broken, an invariant must not hold. */
  readonly breaks?: Breakage;
  /** Injects the fault so many times, and leaves every process running. */
  run(stage: Stage, times: number): Promise<void>;
}

/** A fault that took place, with what proves it. */
export interface Injection {
  readonly fault: string;
  /** The process it was done to. */
  readonly pid?: number;
  /** The step's key, request, connection or record at which it was done. */
  readonly what?: string;
  readonly at: string;
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  readonly asked: number;
  readonly injections: readonly Injection[];
  readonly orders: number;
  /** How many orders ended in which status. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly invariants: readonly Invariant[];
  /** From the last fault until every order rested. */
  readonly settledSeconds: number;
  readonly seconds: number;
  readonly violations: readonly string[];
  /** Figures that the row has measured. */
  readonly notes: readonly string[];
  /** A rule was broken on purpose: there must be violations. */
  readonly isBroken: boolean;
}

/** Whether a row came out as it must: what went wrong with the row itself proves nothing. */
export function isAsItMust({ isBroken, violations }: RowResult): boolean {
  if (!isBroken) return violations.length === 0;
  return violations.length > 0 && violations.every((line) => /^I\d+: /.test(line));
}
