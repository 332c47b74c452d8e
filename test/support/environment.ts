import type { SystemAddresses } from './system';

const VARIABLE = 'ORDERSAGA_TEST_SYSTEM';

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

/** The environment in which a role of that system runs; ports are the roles' own. */
export function roleEnvironment(
  system: SystemAddresses,
  extra: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const { PATH, HOME, ORDERSAGA_HOME, XDG_CACHE_HOME } = process.env;
  const portOf = (url: string) => new URL(url).port;
  return {
    ...{ PATH, HOME },
    ...(ORDERSAGA_HOME ? { ORDERSAGA_HOME } : {}),
    ...(XDG_CACHE_HOME ? { XDG_CACHE_HOME } : {}),
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
    ...extra,
  };
}
