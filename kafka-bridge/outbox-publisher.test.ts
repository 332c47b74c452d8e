import type { StoredOutboxRow } from '../db/outbox';
import { createLogger } from '../observability/logger';
import { type KafkaProducer, type OutgoingRecord, RecordRefusedError, TopicUnavailableError } from './kafka-port';
import { intoChunks, OutboxPublisher } from './outbox-publisher';

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
function broker(refuses: (record: OutgoingRecord) => Error | undefined) {
  const taken: string[] = [];
  const producer: KafkaProducer = {
    send(records) {
      const error = records.map(refuses).find((one) => one !== undefined);
      if (error) return Promise.reject(error);
      taken.push(...records.map(({ topic, key }) => `${topic}/${String(key)}`));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { taken, publisher: new OutboxPublisher(producer, createLogger('test', 'silent')) };
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

  it('gives a row that is too large to the dead letters, and publishes what stands behind it', async () => {
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
    expect(publisher.ready([row(3, 'a')])).toEqual([]);
  });

  it('holds back the keys of a topic that is away, in every topic, so that none overtakes', async () => {
    const away = new TopicUnavailableError('LEADER_NOT_AVAILABLE', { cause: undefined });
    const { taken, publisher } = broker(({ topic }) => (topic === 'away' ? away : undefined));
    const published = await publisher.publish([row(1, 'a', 'v', 'away'), row(2, 'a'), row(3, 'b')], always);
    expect(published).toEqual({ ids: [3], dead: 0 });
    expect(taken).toEqual(['t/b']);
    expect(publisher.ready([row(2, 'a'), row(4, 'c')])).toEqual([row(4, 'c')]);
  });

  it('sends nothing more once its lease may be over', async () => {
    const { taken, publisher } = broker(({ value }) => (value === 'big' ? tooLarge : undefined));
    await publisher.publish([row(1, 'a', 'big'), row(2, 'b')], () => false);
    expect(taken).toEqual([]);
  });
});
