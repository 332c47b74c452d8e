import type { NativeConnection } from '@temporalio/worker';
import type { Redis } from 'ioredis';
import { Pages } from '../api/pages';
import { startApi } from '../api/server';
import { cacheFolder } from '../config/load';
import type { Settings } from '../config/settings';
import { TOPICS, TOPICS_WITH_TOKENS } from '../contracts/topics';
import { type Db, openDatabase } from '../db/connection';
import { schemaMismatch } from '../db/schema';
import type { Kafka } from '../kafka-bridge/client/kafka-port';
import { createKafka } from '../kafka-bridge/client/kafkajs-adapter';
import { startBridge } from '../kafka-bridge/consumers/bridge';
import { RECORD_RULES } from '../kafka-bridge/handlers/record-rules';
import { SignalledRequests } from '../kafka-bridge/handlers/signalled-requests';
import { subscriptionsOf } from '../kafka-bridge/handlers/table';
import { startResending } from '../kafka-bridge/lost-records';
import { logNotifications, startNotifier } from '../kafka-bridge/notifier';
import { startRelay } from '../kafka-bridge/outbox/relay';
import { startRetention } from '../kafka-bridge/retention';
import { startMeasuringSagas } from '../kafka-bridge/sagas-at-work';
import type { Logger } from '../observability/logger';
import { Metrics } from '../observability/metrics';
import { measureDependencies, type ReadinessCheck, serveProbes } from '../observability/probe-server';
import { RelayMetrics } from '../observability/relay-metrics';
import { openRedis } from '../redis/connection';
import { CouponRush } from '../redis/coupon-rush';
import { clientOn, lazyClient } from '../temporal/connection';
import { Workflows } from '../temporal/workflows';
import { builtPages } from './pages';
import { retentionAges } from './retention';
import { startSandboxChild } from './sandbox-child';
import { workflowBundle } from './worker/bundle';
import { composeActivities } from './worker/compose-activities';
import { connectNatively } from './worker/connection';
import { watchFailedWorkflows } from './worker/failed-workflows';
import { measuredProviders } from './worker/providers';
import { sagaMeter } from './worker/saga-metrics';
import { keepSchedules } from './worker/schedules';
import { installTemporalRuntime } from './worker/temporal-runtime';
import { startWorker } from './worker/worker';

/** In the order in which they start; they stop in the reverse of it. */
export const ROLES = ['sandbox', 'worker', 'bridge', 'relay', 'api'] as const;
export type Role = (typeof ROLES)[number];

export interface RunningRoles {
  readonly addresses: Readonly<Record<string, string>>;
  /** Rejects when a part can't go on: the process is to exit and be restarted. */
  readonly failed: Promise<never>;
  /** Each role finishes its work in hand. */
  stop(): Promise<void>;
}

interface Part {
  stop(): Promise<unknown>;
  readonly failed?: Promise<never>;
}

/** Everything that roles of one process share. */
interface Shared {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly db: Db;
  readonly redis: Redis | undefined;
  readonly kafka: Kafka;
  readonly native: NativeConnection | undefined;
  readonly workflows: Workflows;
  /** The metrics of Temporal's SDK. */
  readonly temporalMetrics: () => Promise<string>;
}

/** Starts these roles in this process; throws when database, topics or Temporal don't fit this code. */
export async function startRoles(options: {
  roles: readonly Role[];
  settings: Settings;
  logger: Logger;
}): Promise<RunningRoles> {
  const { settings, logger, roles } = options;
  const has = (role: Role) => roles.includes(role);
  const parts: Part[] = [];
  const stop = async () => {
    const problems: unknown[] = [];
    for (const part of parts.splice(0).reverse()) await part.stop().catch((problem: unknown) => problems.push(problem));
    if (problems.length > 0) throw problems[0];
  };
  try {
    const temporalMetrics = await installTemporalRuntime(logger);
    const shared = { ...(await connect(options, parts)), temporalMetrics };
    const addresses: Record<string, string> = {};
    const starters: Record<Role, () => Promise<Part & { address: string }>> = {
      sandbox: async () => ({ ...(await startSandboxChild(settings)), address: settings.SANDBOX_URL as string }),
      worker: () => startWorkerRole(shared),
      bridge: () => startBridgeRole(shared),
      relay: () => startRelayRole(shared),
      api: () => startApiRole(shared),
    };
    for (const role of ROLES.filter(has)) {
      const part = await starters[role]();
      addresses[role] = part.address;
      parts.push(part);
    }
    const failed = Promise.race(parts.flatMap((part) => part.failed ?? []));
    failed.catch(() => undefined);
    return { addresses, failed: parts.some((part) => part.failed) ? failed : new Promise(() => {}), stop };
  } catch (error) {
    await stop().catch((problem: unknown) => logger.warn({ err: problem }, 'a part did not stop cleanly'));
    throw error;
  }
}

async function connect(
  options: { roles: readonly Role[]; settings: Settings; logger: Logger },
  parts: Part[],
): Promise<Omit<Shared, 'temporalMetrics'>> {
  const { settings, logger, roles } = options;
  const db = openDatabase({
    url: settings.DATABASE_URL,
    poolMax: settings.DATABASE_POOL_MAX,
    caFile: settings.DATABASE_CA_FILE,
    applicationName: `ordersaga ${roles.join('+')}`,
  });
  parts.push({ stop: () => db.destroy() });
  const kafka = createKafka(settings, logger);
  const isOnlySandbox = roles.every((role) => role === 'sandbox');
  if (!isOnlySandbox) await refuseMismatch(db, roles.includes('relay') || roles.includes('bridge') ? kafka : undefined);
  const redis = settings.REDIS_URL ? openRedis(settings.REDIS_URL, logger) : undefined;
  if (redis) parts.push({ stop: async () => redis.disconnect() });
  const native = roles.includes('worker') ? await connectNatively(settings) : undefined;
  if (native) parts.push({ stop: () => native.close() });
  const temporal = native ? clientOn(native, settings) : lazyClient(settings);
  if (!native) parts.push({ stop: () => temporal.connection.close() });
  const workflows = new Workflows(temporal, { eagerStart: native !== undefined });
  return { settings, logger, db, kafka, redis, native, workflows };
}

async function refuseMismatch(db: Db, kafka: Kafka | undefined): Promise<void> {
  const schema = await schemaMismatch(db);
  if (schema) throw new Error(schema);
  if (!kafka) return;
  const admin = await kafka.admin();
  const topics = await admin.topicsMismatch(Object.values(TOPICS)).finally(() => admin.close());
  if (topics) throw new Error(`${topics}: run \`npm run migrate\``);
}

async function startWorkerRole(shared: Shared): Promise<Part & { address: string }> {
  const { settings, db, native, workflows } = shared;
  if (!native) throw new Error('a worker needs a connection to Temporal');
  const metrics = new Metrics('worker');
  metrics.include(shared.temporalMetrics);
  const { providers, silent } = measuredProviders(settings, metrics);
  const worker = await startWorker({
    connection: native,
    namespace: settings.TEMPORAL_NAMESPACE,
    bundle: await workflowBundle(cacheFolder('bundles')),
    activities: composeActivities({
      ...{ db, redis: shared.redis, settings, workflows, providers },
      meter: sagaMeter(metrics),
    }),
    db,
    metrics,
    redis: shared.redis,
    stackTraces: settings.WORKFLOW_STACK_TRACES,
  });
  const watch = watchFailedWorkflows({
    db,
    workflows,
    everyMs: settings.WORKFLOW_CHECK_MS,
    logger: shared.logger.child({ part: 'worker' }),
  });
  const schedules = keepSchedules(workflows, {
    everyMs: settings.RECONCILE_EVERY_MS,
    logger: shared.logger.child({ part: 'worker' }),
  });
  const part: Part = {
    failed: worker.failed,
    async stop() {
      await Promise.all([watch.stop(), schedules.stop()]);
      await worker.stop();
    },
  };
  const checks = { postgres: () => db.raw('select 1'), temporal: () => workflows.ping() };
  return withProbes(shared, settings.WORKER_PORT, metrics, part, checks, () => silent.names);
}

async function startBridgeRole(shared: Shared): Promise<Part & { address: string }> {
  const { settings, db, redis, workflows, kafka, logger } = shared;
  const metrics = new Metrics('bridge');
  const rush = new CouponRush(redis);
  const signalled = new SignalledRequests(db, logger.child({ part: 'bridge' }));
  const bridge = await startBridge({
    db,
    kafka,
    metrics,
    logger,
    subscriptions: subscriptionsOf({
      ...{ db, workflows, signalled },
      isCouponRushOn: () => rush.isOn(),
      eventTimeZone: settings.EVENT_TIME_ZONE,
    }),
    records: RECORD_RULES,
    foreignDeadLetterTopics: settings.FOREIGN_DEAD_LETTER_TOPICS,
  });
  const part: Part = {
    failed: bridge.failed,
    async stop() {
      await bridge.stop();
      await signalled.stop();
    },
  };
  return withProbes(shared, settings.BRIDGE_PORT, metrics, part, {
    postgres: () => db.raw('select 1'),
    temporal: () => workflows.ping(),
    kafka: () => bridge.readiness(),
  });
}

async function startRelayRole(shared: Shared): Promise<Part & { address: string }> {
  const { settings, db, kafka, logger } = shared;
  const metrics = new RelayMetrics('relay');
  const relay = await startRelay({
    db,
    databaseUrl: settings.DATABASE_URL,
    databaseCaFile: settings.DATABASE_CA_FILE,
    secretTopics: TOPICS_WITH_TOKENS,
    kafka,
    metrics,
    logger,
  });
  const policy = { lostAfterMs: settings.LOST_AFTER_MS, retryDelayMs: settings.RETRY_DELAY_MS };
  const resending = startResending({ db, kafka, policy, logger: logger.child({ part: 'relay' }) });
  const notifier = startNotifier({ db, port: logNotifications(logger), logger });
  const retention = startRetention({ db, metrics, logger, ages: retentionAges(settings) });
  const measuring = startMeasuringSagas({ db, metrics, logger: logger.child({ part: 'relay' }) });
  const part: Part = {
    failed: relay.failed,
    async stop() {
      await Promise.all([relay, resending, notifier, retention, measuring].map((each) => each.stop()));
    },
  };
  return withProbes(shared, settings.RELAY_PORT, metrics, part, {
    postgres: () => db.raw('select 1'),
    kafka: () => relay.readiness(),
  });
}

async function startApiRole(shared: Shared): Promise<Part & { address: string }> {
  const { settings, db, redis, logger, workflows } = shared;
  const pages = await pagesOrNone(logger);
  const metrics = new Metrics('api');
  measureDependencies(metrics, {
    postgres: () => db.raw('select 1'),
    temporal: () => workflows.ping(),
    ...(redis ? { redis: () => redis.ping() } : {}),
  });
  const api = await startApi({ db, workflows, redis, settings, logger, metrics, pages });
  return { address: api.url, stop: () => api.close() };
}

/** The API is of use without its pages, also where their folder is not whole. */
async function pagesOrNone(logger: Logger): Promise<Pages> {
  try {
    return new Pages(await builtPages(cacheFolder('pages')));
  } catch (error) {
    logger.error({ err: error }, 'no pages are served, as they could not be built: run npm ci, then npm run build');
    return new Pages(undefined);
  }
}

async function withProbes(
  shared: Shared,
  port: number,
  metrics: Metrics,
  part: Part,
  checks: Readonly<Record<string, ReadinessCheck>>,
  degraded?: () => readonly string[],
): Promise<Part & { address: string }> {
  const host = shared.settings.API_HOST;
  const probes = await serveProbes({ host, port, metrics, checks, ...(degraded && { degraded }) });
  return {
    ...(part.failed ? { failed: part.failed } : {}),
    address: `http://${host}:${probes.port}`,
    async stop() {
      await part.stop();
      await probes.close();
    },
  };
}
