import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CompressionTypes, type KafkaConfig, Kafka as KafkaJs, logLevel, type SASLOptions } from 'kafkajs';
import type { Settings } from '../config/settings';
import type { Logger } from '../observability/logger';
import {
  type Kafka,
  type KafkaProducer,
  type OutgoingRecord,
  RecordRefusedError,
  TopicUnavailableError,
} from './kafka-port';
import { createAdmin } from './kafkajs-admin';
import { registerCodecs } from './kafkajs-codecs';
import { consume } from './kafkajs-consumer';
import { quietIdleTimers } from './kafkajs-idle-timer';
import { partitioner } from './kafkajs-partitioner';

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
const LARGE_BYTES = 256 * 1024;
/** Short, because a relay may publish only as long as it holds the lease of the row's lane. */
const SEND_TIMEOUT_MS = 3_500;

/** The port over kafkajs; connects when something is asked of it. */
export function createKafka(settings: KafkaSettings, logger: Logger): Kafka {
  const log = logger.child({ part: 'kafka' });
  const config = clientConfig(settings, log);
  const client = new KafkaJs(config);
  return {
    producer: () => createProducer(new KafkaJs({ ...config, requestTimeout: SEND_TIMEOUT_MS, retry: { retries: 1 } })),
    consume: (options) => consume(client, options, log),
    admin: (options) => createAdmin(client, settings.KAFKA_REPLICATION_FACTOR, options),
  };
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
    // kafkajs calls errors what it then retries: those are warnings here, and what ends a consumer is logged by us.
    logCreator:
      () =>
      ({ level, log: { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields }, namespace }) => {
        const text = `${namespace}: ${message}`;
        if (level <= logLevel.WARN) log.warn(fields, text);
        else log.debug(fields, text);
      },
  };
}

/**
 * Not idempotent on purpose: the broker recognises a repeated batch by sequence numbers alone, so after a time-out
 * a different batch under the same numbers would be dropped unseen, and a lost sequence stops a producer for good.
 * A late duplicate is what this system is made for.
 */
async function createProducer(client: KafkaJs): Promise<KafkaProducer> {
  const producer = client.producer({
    createPartitioner: partitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    retry: { retries: 0 },
  });
  await producer.connect();
  return {
    async send(records) {
      try {
        await producer.sendBatch({
          acks: -1,
          timeout: SEND_TIMEOUT_MS,
          ...(records.some(isLarge) ? { compression: CompressionTypes.GZIP } : {}),
          topicMessages: groupByTopic(records),
        });
      } catch (error) {
        throw translated(error);
      }
    },
    close: () => producer.disconnect(),
  };
}

/** It may have come compressed, and be larger than the broker takes as it is. */
const isLarge = ({ value }: OutgoingRecord) => value !== null && value.length > LARGE_BYTES;

function groupByTopic(records: readonly OutgoingRecord[]) {
  const topics = new Map<string, OutgoingRecord[]>();
  for (const record of records) {
    const same = topics.get(record.topic);
    if (same) same.push(record);
    else topics.set(record.topic, [record]);
  }
  return [...topics].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ key, value, headers }) => ({
      key,
      value,
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, content]) => [
          name,
          // kafkajs writes a null, which its types do not know.
          typeof content === 'string' || Buffer.isBuffer(content) ? content : ([...content] as Buffer[]),
        ]),
      ),
    })),
  }));
}

const REFUSALS: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
]);

/** kafkajs wraps: the innermost cause that carries the protocol's error type tells what the broker said. */
function translated(error: unknown): unknown {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    const type = 'type' in inner && typeof inner.type === 'string' ? inner.type : undefined;
    if (type && REFUSALS.has(type)) return new RecordRefusedError(type, { cause: error });
    if (type) return new TopicUnavailableError(type, { cause: error });
  }
  return error;
}
