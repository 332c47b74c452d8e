import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type KafkaConfig, Kafka as KafkaJs, logLevel, type SASLOptions } from 'kafkajs';
import type { Settings } from '../../config/settings';
import type { Logger } from '../../observability/logger';
import type { Kafka } from './kafka-port';
import { createAdmin } from './kafkajs-admin';
import { registerCodecs } from './kafkajs-codecs';
import { consume } from './kafkajs-consumer';
import { quietIdleTimers } from './kafkajs-idle-timer';
import { createProducer, SEND_TIMEOUT_MS, SilentBrokerError, within } from './kafkajs-producer';

export type KafkaSettings = Pick<
  Settings,
  | 'KAFKA_BROKERS'
  | 'KAFKA_TLS'
  | 'KAFKA_CA_FILE'
  | 'KAFKA_SASL_MECHANISM'
  | 'KAFKA_SASL_USERNAME'
  | 'KAFKA_SASL_PASSWORD'
  | 'KAFKA_REPLICATION_FACTOR'
>;

quietIdleTimers();
registerCodecs();

const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;
const PING_MS = 4_000;

export interface KafkaTuning {
  /** After which a producer asks again where a topic's partitions are; kafkajs's own 5 min unless given. */
  readonly metadataMaxAgeMs?: number;
}

/** The port over kafkajs; connects at the first call. */
export function createKafka(settings: KafkaSettings, logger: Logger, tuning: KafkaTuning = {}): Kafka {
  const log = logger.child({ part: 'kafka' });
  const config = clientConfig(settings, log);
  const client = new KafkaJs(config);
  const hurried = new KafkaJs({
    ...config,
    brokers: async () => fromAnywhere(settings.KAFKA_BROKERS),
    requestTimeout: SEND_TIMEOUT_MS,
    retry: { initialRetryTime: 100, retries: 1 },
  });
  return {
    producer: () => createProducer(hurried, tuning.metadataMaxAgeMs),
    consume: (options) => consume(client, options, log),
    admin: (options) => createAdmin(client, settings.KAFKA_REPLICATION_FACTOR, options),
    ping: () => ping(hurried),
  };
}

/** An attempt is too short to try one broker after the other: each begins with another one. */
function fromAnywhere(brokers: readonly string[]): string[] {
  const start = Math.floor(Math.random() * brokers.length);
  return [...brokers.slice(start), ...brokers.slice(0, start)];
}

async function ping(client: KafkaJs): Promise<void> {
  const admin = client.admin();
  const response = admin.connect().then(() => admin.describeCluster());
  const close = () => admin.disconnect();
  response.then(close, close).catch(() => undefined);
  await within(PING_MS, response, () => {
    throw new SilentBrokerError('no broker responds');
  });
}

function clientConfig(settings: KafkaSettings, log: Logger): KafkaConfig {
  const sasl = settings.KAFKA_SASL_MECHANISM
    ? ({
        mechanism: settings.KAFKA_SASL_MECHANISM,
        username: settings.KAFKA_SASL_USERNAME ?? '',
        password: settings.KAFKA_SASL_PASSWORD ?? '',
      } as SASLOptions)
    : undefined;
  const tls = settings.KAFKA_CA_FILE ? { ca: readFileSync(settings.KAFKA_CA_FILE, 'utf8') } : true;
  return {
    clientId: `ordersaga-${hostname()}-${process.pid}`,
    brokers: settings.KAFKA_BROKERS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 5 },
    ...(settings.KAFKA_TLS ? { ssl: tls } : {}),
    ...(sasl ? { sasl } : {}),
    logLevel: logLevel.INFO,
    // kafkajs logs as errors what it then retries: those are warnings here; an error that ends a consumer is logged by us.
    logCreator:
      () =>
      ({ level, log: { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields }, namespace }) => {
        const text = `${namespace}: ${message}`;
        if (level <= logLevel.WARN) log.warn(fields, text);
        else log.debug(fields, text);
      },
  };
}
