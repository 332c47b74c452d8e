import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../../observability/logger';
import type { SystemAddresses } from './environment';

/** The broker as our processes see it. */
export function ourKafka(system: SystemAddresses, options?: Parameters<typeof createKafka>[2]) {
  const settings = { KAFKA_BROKERS: system.kafka.split(','), KAFKA_TLS: false, KAFKA_REPLICATION_FACTOR: 1 };
  return createKafka(settings, createLogger('test', 'silent'), options);
}
