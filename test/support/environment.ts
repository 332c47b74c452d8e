import type { StackAddresses } from '../../dev/stack/stack';

const VARIABLE = 'ORDERSAGA_TEST_SYSTEM';

/** What a running test system is, for those who talk to it. */
export interface SystemAddresses extends StackAddresses {
  readonly stackName: string;
  readonly jwtSecret: string;
  readonly webhookSecret: string;
  readonly sessionSecret: string;
  readonly probes: Readonly<Record<'relay' | 'bridge' | 'worker', string>>;
}

/** Settings, as environment variables. */
export type Settings = Readonly<Record<string, string>>;

/**
 * Delays of the test system, short enough to wait for, and long enough that a machine which stalls for a moment is no
 * outage; long timers are tested with time skipping.
 */
export const FAST_DELAYS = {
  PROVIDER_FAST_TIMEOUT_MS: '1500',
  PROVIDER_TIMEOUT_MS: '4000',
  PROCESSING_BUDGET_MS: '7000',
  RETRY_DELAY_MS: '4000',
  MAX_RETRIES: '2',
  UNDO_PATIENCE_MS: '4500',
  UNDO_RETRY_MS: '3000',
  // Orders that a test makes without announcing them are not lost.
  LOST_AFTER_MS: '3600000',
  WORKFLOW_CHECK_MS: '1500',
  // Tests reconcile when they want to.
  RECONCILE_EVERY_MS: '31536000000',
} as const;

/** For systems of which roles are stopped: a call can be caught in its middle, and a budget outlives a restart. */
export const LONG_TIMEOUTS = {
  ...FAST_DELAYS,
  PROVIDER_FAST_TIMEOUT_MS: '30000',
  PROVIDER_TIMEOUT_MS: '30000',
  PROCESSING_BUDGET_MS: '90000',
} as const;

/** Hands the addresses of the running system to the tests' processes. */
export function shareSystem(addresses: SystemAddresses): void {
  process.env[VARIABLE] = JSON.stringify(addresses);
}

/** The system that the global set-up has started. */
export function sharedSystem(): SystemAddresses {
  const text = process.env[VARIABLE];
  if (!text) throw new Error('no test system is up: run the tests by `npm test`');
  return JSON.parse(text) as SystemAddresses;
}

/** A system, whose addresses are known once it runs. */
export interface Running {
  readonly addresses: SystemAddresses;
}

export const SHARED_SYSTEM: Running = {
  get addresses() {
    return sharedSystem();
  },
};

/** The environment in which a role of that system runs; ports are the roles' own. */
export function roleEnvironment(system: SystemAddresses, extra: Settings = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, ORDERSAGA_HOME, XDG_CACHE_HOME } = process.env;
  const portOf = (url: string) => new URL(url).port;
  return {
    ...{ PATH, HOME, ORDERSAGA_HOME, XDG_CACHE_HOME },
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    STACK: system.stackName,
    TEMPORAL_ADDRESS: system.temporal,
    KAFKA_BROKERS: system.kafka,
    DATABASE_URL: system.postgres,
    ...(system.redis ? { REDIS_URL: system.redis } : {}),
    SANDBOX_URL: system.sandbox,
    API_PORT: portOf(system.api),
    RELAY_PORT: portOf(system.probes.relay),
    BRIDGE_PORT: portOf(system.probes.bridge),
    WORKER_PORT: portOf(system.probes.worker),
    JWT_SECRET: system.jwtSecret,
    CARRIER_WEBHOOK_SECRET: system.webhookSecret,
    SESSION_SECRET: system.sessionSecret,
    ...extra,
  };
}
