import { randomUUID } from 'node:crypto';
import { type KafkaProducer, TopicUnavailableError } from '../../kafka-bridge/client/kafka-port';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ourKafka } from '../support/our-kafka';
import { until } from '../support/until';

const METADATA_MAX_AGE_MS = 300;

describe('a producer of many topics', () => {
  const fixture = new Fixture();
  const broker = fixture.broker();
  const gone = `gone-${randomUUID()}`;
  const other = `other-${randomUUID()}`;
  let producer: KafkaProducer;

  beforeAll(async () => {
    await broker.makeTopic(gone);
    await broker.makeTopic(other);
    fixture.defer(() => broker.dropTopic(other));
    producer = fixture.use(await ourKafka(sharedSystem(), { metadataMaxAgeMs: METADATA_MAX_AGE_MS }).producer());
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
    await broker.dropTopic(gone);
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

    await broker.makeTopic(gone);
    await until(
      'the new topic to be published to',
      () => failureOf(gone),
      (error) => error === undefined,
    );
    await broker.dropTopic(gone);
  });

  test('one call with a topic that never was leaves the next calls as they were', async () => {
    expect(await failureOf(`never-${randomUUID()}`)).toBeInstanceOf(TopicUnavailableError);
    await Promise.all([send(other), send(other), send(other)]);
  });
});
