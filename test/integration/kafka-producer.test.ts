import { randomUUID } from 'node:crypto';
import { loadSettings } from '../../config/load';
import { type KafkaProducer, TopicUnavailableError } from '../../kafka-bridge/client/kafka-port';
import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../../observability/logger';
import { Broker } from '../support/broker';
import { roleEnvironment, sharedSystem } from '../support/environment';
import { until } from '../support/until';

const METADATA_MAX_AGE_MS = 300;

describe('a producer of many topics', () => {
  const system = sharedSystem();
  const gone = `gone-${randomUUID()}`;
  const other = `other-${randomUUID()}`;
  let producer: KafkaProducer;

  beforeAll(async () => {
    await Broker.makeTopic(system, gone);
    await Broker.makeTopic(system, other);
    const settings = loadSettings(roleEnvironment(system));
    const kafka = createKafka(settings, createLogger('test', 'silent'), { metadataMaxAgeMs: METADATA_MAX_AGE_MS });
    producer = await kafka.producer();
  });
  afterAll(async () => {
    await producer?.close();
    await Broker.dropTopic(system, other);
  });

  const send = (topic: string) => producer.send(topic, [{ key: 'a', value: '{}' }]);
  const failureOf = (topic: string) =>
    send(topic).then(
      () => undefined,
      (error: unknown) => error,
    );

  test('goes on with the others while one is deleted, also when it asks about them anew; and with that once it is made anew', async () => {
    await send(gone);
    await send(other);
    await Broker.dropTopic(system, gone);
    const failure = await until(
      'the deleted topic to be refused',
      () => failureOf(gone),
      (error) => error !== undefined,
    );
    expect(failure).toBeInstanceOf(TopicUnavailableError);
    const deletedAt = performance.now();
    await until(
      'metadata to have been asked for anew',
      async () => {
        await send(other);
        expect(await failureOf(gone)).toBeInstanceOf(TopicUnavailableError);
        return performance.now() - deletedAt;
      },
      (elapsedMs) => elapsedMs > 3 * METADATA_MAX_AGE_MS,
    );

    await Broker.makeTopic(system, gone);
    await until(
      'the new topic to be published to',
      () => failureOf(gone),
      (error) => error === undefined,
    );
    await Broker.dropTopic(system, gone);
  });

  test('one call with a topic that never was leaves the next calls as they were', async () => {
    expect(await failureOf(`never-${randomUUID()}`)).toBeInstanceOf(TopicUnavailableError);
    await Promise.all([send(other), send(other), send(other)]);
  });
});
