import type { CpuWatch } from './cpu';
import type { Plan } from './options';
import type { Row } from './row';
import type { Shop } from './shop';
import type { StatusWatch } from './status-watch';
import type { BenchSystem } from './system';

/** What the parts of a run share. */
export interface Bench {
  readonly system: BenchSystem;
  readonly shop: Shop;
  readonly watch: StatusWatch;
  readonly plan: Plan;
  readonly watchCpu: () => CpuWatch;
  readonly say: (line: string) => void;
  /** Whole orders a second with the plan's number in flight, once that is known. */
  maxPerSecond?: number;
}

/** One thing that is measured. It starts what it needs, and leaves all roles running or none. */
export interface Part {
  readonly name: string;
  /** What happens now, for who waits. */
  readonly what: string;
  measure(bench: Bench): Promise<Measured>;
}

export interface Measured {
  /** Everything, for the JSON. */
  readonly figures: unknown;
  readonly rows: readonly Row[];
}
