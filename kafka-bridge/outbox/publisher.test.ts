import type { StoredOutboxRow } from '../../db/outbox';
import { createLogger } from '../../observability/logger';
import {
  type KafkaProducer,
  type OutgoingRecord,
  RecordRefusedError,
  TopicUnavailableError,
} from '../client/kafka-port';
import { KafkaReach } from './kafka-reach';
import { intoChunks, OutboxPublisher } from './publisher';

const at = new Date(0);
const row = (id: number, key: string, value = 'v', topic = 't'): StoredOutboxRow => ({
  id,
  key,
  topic,
  value,
  lane: 0,
  headers: {},
  raw: null,
  createdAt: at,
  availableAt: at,
});

/** A broker that takes what `refuses` does not name. */
function broker(refuses: (record: OutgoingRecord & { topic: string }) => Error | undefined) {
  const taken: string[] = [];
  const producer: KafkaProducer = {
    send(topic, records) {
      const error = records.map((record) => refuses({ ...record, topic })).find((one) => one !== undefined);
      if (error) return Promise.reject(error);
      taken.push(...records.map(({ key }) => `${topic}/${String(key)}`));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const reach = new KafkaReach(() => Promise.resolve());
  return { taken, reach, publisher: new OutboxPublisher(producer, reach, createLogger('test', 'silent')) };
}

const always = () => true;
const tooLarge = new RecordRefusedError('MESSAGE_TOO_LARGE', { cause: undefined });

describe('the outbox publisher', () => {
  it('cuts a batch before the broker would refuse its size, and keeps the order', () => {
    const rows = [
      row(1, 'a', 'x'.repeat(500_000)),
      row(2, 'a', 'x'.repeat(500_000)),
      row(3, 'b'),
      row(4, 'c', 'x'.repeat(2_000_000)),
    ];
    expect(intoChunks(rows).map((chunk) => chunk.map(({ id }) => id))).toEqual([[1], [2, 3], [4]]);
  });

  it('gives a row that is too large to the dead letters, and publishes the rows behind it', async () => {
    const { taken, publisher } = broker(({ topic, value }) =>
      topic === 't' && value === 'big' ? tooLarge : undefined,
    );
    const published = await publisher.publish([row(1, 'a'), row(2, 'a', 'big'), row(3, 'a')], always);
    expect(published).toEqual({ ids: [1, 2, 3], dead: 1 });
    expect(taken).toEqual(['t/a', 't.DLT/a', 't/a']);
  });

  it('parks the key of a row that not even the dead letters take, while other keys go on', async () => {
    const { taken, publisher } = broker(({ key }) => (key?.toString() === 'a' ? tooLarge : undefined));
    const published = await publisher.publish([row(1, 'a'), row(2, 'b'), row(3, 'a')], always);
    expect(published).toEqual({ ids: [2], dead: 0 });
    expect(taken).toEqual(['t/b']);
    expect(publisher.heldBack()).toMatchObject({ topics: [], keys: [{ topic: 't', key: 'a' }] });
  });

  it('holds back the rows of a topic that is unavailable, and no other of the same keys', async () => {
    const missing = new TopicUnavailableError('UNKNOWN_TOPIC_OR_PARTITION', { cause: undefined });
    const { taken, publisher } = broker(({ topic }) => (topic === 'missing' ? missing : undefined));
    expect(await publisher.publish([row(1, 'a', 'v', 'missing')], always)).toEqual({ ids: [], dead: 0 });
    expect(await publisher.publish([row(2, 'a'), row(3, 'b')], always)).toEqual({ ids: [2, 3], dead: 0 });
    expect(taken).toEqual(['t/a', 't/b']);
    expect(publisher.heldBack()).toEqual({ topics: ['missing'], keys: [] });
  });

  it('asks an unavailable topic again, later and later, and takes it for well once it has taken rows', async () => {
    jest.useFakeTimers();
    try {
      let isMissing = true;
      const missing = new TopicUnavailableError('UNKNOWN_TOPIC_OR_PARTITION', { cause: undefined });
      const { publisher } = broker(() => (isMissing ? missing : undefined));
      for (const gapMs of [500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
        await publisher.publish([row(1, 'a')], always);
        jest.advanceTimersByTime(gapMs - 1);
        expect(publisher.heldBack().topics).toEqual(['t']);
        jest.advanceTimersByTime(1);
        expect(publisher.heldBack().topics).toEqual([]);
      }
      isMissing = false;
      expect(await publisher.publish([row(1, 'a')], always)).toEqual({ ids: [1], dead: 0 });
      isMissing = true;
      await publisher.publish([row(2, 'a')], always);
      jest.advanceTimersByTime(500);
      expect(publisher.heldBack().topics).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('sends nothing more once its lease may be over', async () => {
    const { taken, publisher } = broker(({ value }) => (value === 'big' ? tooLarge : undefined));
    await publisher.publish([row(1, 'a', 'big'), row(2, 'b')], () => false);
    expect(taken).toEqual([]);
  });

  it('names a topic that has failed for a while with its code; of one that is silent only while others are heard', async () => {
    jest.useFakeTimers();
    try {
      const missing = new TopicUnavailableError('UNKNOWN_TOPIC_OR_PARTITION', { cause: undefined });
      const { publisher } = broker(({ topic }) =>
        topic === 'missing' ? missing : topic === 'silent' ? new Error('no response') : undefined,
      );
      const both = async () => {
        await publisher.publish([row(1, 'a', 'v', 'missing')], always);
        await publisher.publish([row(2, 'a', 'v', 'silent')], always);
      };
      await both();
      expect(publisher.failingTopics(10_000)).toEqual([]);
      jest.advanceTimersByTime(10_000);
      await both();
      expect(publisher.failingTopics(10_000)).toEqual([{ topic: 'missing', code: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
      await publisher.publish([row(3, 'a')], always);
      expect(publisher.failingTopics(10_000)).toEqual([
        { topic: 'missing', code: 'UNKNOWN_TOPIC_OR_PARTITION' },
        { topic: 'silent', code: 'NO_RESPONSE' },
      ]);
      jest.advanceTimersByTime(15_000);
      expect(publisher.failingTopics(10_000)).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });
});
