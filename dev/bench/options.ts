import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { THIS_CHECKOUT } from './checkout';
import { PARTS, USUAL_PARTS } from './parts';
import { LAYOUTS, type Layout } from './system';

/** How long each part measures; seconds unless the name says otherwise. */
export interface Plan {
  readonly rounds: number;
  readonly inFlight: number;
  /** Of roles that have just started. */
  readonly firstS: number;
  readonly warmUpS: number;
  readonly floorS: number;
  readonly ordersS: number;
  readonly pacedS: number;
  readonly idleS: number;
  /** Whose statements are counted. */
  readonly countedOrders: number;
  readonly countedAlone: number;
  readonly stepOrders: number;
  readonly singleOrders: number;
  readonly readers: number;
  readonly readersWarmUpS: number;
  readonly readersS: number;
  /** Readers of live events. */
  readonly streams: number;
  readonly httpS: number;
  readonly httpRounds: number;
  readonly connections: number;
  readonly coupons: CouponPlan;
  readonly growthOrders: number;
  readonly growthInFlight: readonly number[];
  readonly waitingOrders: number;
  /** Whose parcels move after the restart. */
  readonly waitingMoved: number;
}

export interface CouponPlan {
  readonly rounds: number;
  /** Who asks; each once. */
  readonly requests: number;
  readonly total: number;
  readonly connections: number;
}

export interface BenchOptions {
  readonly plan: Plan;
  readonly layout: Layout;
  /** The checkout that is measured. */
  readonly checkout: string;
  /** Another one that it is compared with. */
  readonly against: string | undefined;
  /** Undefined: a name of its own under dev/bench/results. */
  readonly jsonFile: string | undefined;
  /** Where roles write CPU profiles when they end; undefined: none. */
  readonly profileFolder: string | undefined;
  /** Names of parts, in the order in which they are measured. */
  readonly parts: readonly string[];
  /** More variables for the roles. */
  readonly env: NodeJS.ProcessEnv;
}

const WHOLE: Plan = {
  rounds: 3,
  inFlight: 50,
  firstS: 10,
  warmUpS: 2,
  floorS: 5,
  ordersS: 10,
  pacedS: 8,
  idleS: 4,
  countedOrders: 150,
  countedAlone: 20,
  stepOrders: 200,
  singleOrders: 100,
  readers: 1_000,
  readersWarmUpS: 3,
  readersS: 8,
  streams: 1_000,
  httpS: 3,
  httpRounds: 3,
  connections: 4,
  coupons: { rounds: 2, requests: 20_000, total: 1_000, connections: 64 },
  growthOrders: 100_000,
  growthInFlight: [12, 48, 192],
  waitingOrders: 10_000,
  waitingMoved: 2_000,
};
const QUICK: Plan = {
  ...WHOLE,
  rounds: 1,
  firstS: 4,
  floorS: 3,
  ordersS: 5,
  pacedS: 4,
  idleS: 2,
  countedOrders: 50,
  countedAlone: 5,
  stepOrders: 60,
  singleOrders: 15,
  readers: 200,
  readersS: 4,
  streams: 200,
  httpS: 2,
  httpRounds: 1,
  coupons: { ...WHOLE.coupons, rounds: 1, requests: 4_000, total: 200 },
  growthOrders: 10_000,
  waitingOrders: 500,
  waitingMoved: 100,
};

/** Reads the command line; throws with one sentence on what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      layout: { type: 'string', default: 'one' },
      only: { type: 'string', multiple: true, default: [] },
      checkout: { type: 'string', default: THIS_CHECKOUT },
      against: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
      'cpu-prof': { type: 'string' },
    },
  });
  const layout = LAYOUTS.find((known) => known === values.layout);
  if (!layout) throw new Error(`--layout is one of ${LAYOUTS.join(', ')}`);
  const names = PARTS.map(({ name }) => name);
  const only = values.only.flatMap((list) => list.split(','));
  if (only.some((part) => !names.includes(part))) throw new Error(`--only is one of ${names.join(', ')}`);
  if (values.against && only.some((part) => part !== 'engine'))
    throw new Error('--against compares the engine part, and no other');
  const wanted = only.length > 0 ? only : USUAL_PARTS;
  return {
    plan: values.quick ? QUICK : WHOLE,
    layout,
    checkout: resolve(values.checkout),
    against: values.against && resolve(values.against),
    jsonFile: values.json,
    profileFolder: values['cpu-prof'],
    parts: names.filter((part) => wanted.includes(part)),
    env: Object.fromEntries(values.env.map((pair) => pair.split(/=(.*)/s, 2))),
  };
}
