import { parseArgs } from 'node:util';
import { LAYOUTS, type Layout } from './system';

/** How long each part measures; seconds unless the name says otherwise. */
export interface Plan {
  readonly rounds: number;
  readonly inFlight: number;
  readonly warmUpS: number;
  readonly floorS: number;
  readonly ordersS: number;
  readonly singleOrders: number;
  readonly httpS: number;
  readonly httpRounds: number;
  readonly connections: number;
  readonly coupons: CouponPlan;
}

export interface CouponPlan {
  readonly rounds: number;
  /** Who asks; each once. */
  readonly requests: number;
  readonly total: number;
  readonly connections: number;
  readonly redis: { readonly inFlight: number; readonly warmUpS: number; readonly seconds: number };
}

export interface BenchOptions {
  readonly plan: Plan;
  readonly layout: Layout;
  /** Undefined: a name of its own under dev/bench/results. */
  readonly jsonFile: string | undefined;
  /** Where roles write CPU profiles when they end; undefined: none. */
  readonly profileFolder: string | undefined;
  /** Parts to measure; empty: all. */
  readonly only: readonly string[];
}

const WHOLE: Plan = {
  rounds: 3,
  inFlight: 50,
  warmUpS: 3,
  floorS: 8,
  ordersS: 16,
  singleOrders: 100,
  httpS: 4,
  httpRounds: 3,
  connections: 4,
  coupons: {
    rounds: 3,
    requests: 20_000,
    total: 1_000,
    connections: 64,
    redis: { inFlight: 64, warmUpS: 1, seconds: 3 },
  },
};
const QUICK: Plan = {
  ...WHOLE,
  rounds: 1,
  warmUpS: 2,
  floorS: 4,
  ordersS: 8,
  singleOrders: 25,
  httpS: 2,
  httpRounds: 1,
  coupons: { ...WHOLE.coupons, rounds: 1, requests: 4_000, total: 200 },
};

export const PARTS = ['engine', 'single', 'status', 'coupons', 'submit'] as const;

/** Reads the command line; throws with one sentence on what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      layout: { type: 'string', default: 'one' },
      only: { type: 'string', multiple: true, default: [] },
      'cpu-prof': { type: 'string' },
    },
  });
  const layout = LAYOUTS.find((known) => known === values.layout);
  if (!layout) throw new Error(`--layout is one of ${LAYOUTS.join(', ')}`);
  const unknown = values.only.find((part) => !PARTS.some((known) => known === part));
  if (unknown) throw new Error(`--only is one of ${PARTS.join(', ')}`);
  return {
    plan: values.quick ? QUICK : WHOLE,
    layout,
    jsonFile: values.json,
    profileFolder: values['cpu-prof'],
    only: values.only,
  };
}
