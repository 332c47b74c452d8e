import { randomBytes } from 'node:crypto';
import { Partitioners, type PartitionMetadata } from 'kafkajs';
import { partitioner } from './kafkajs-partitioner';

const partitionMetadata = Array.from({ length: 97 }, (_, partitionId) => ({
  partitionId,
  leader: 1,
})) as unknown as PartitionMetadata[];
const choose = partitioner();
const placeOf = (key: Buffer | string) => choose({ topic: 't', partitionMetadata, message: { key, value: null } });

describe('the partitioner', () => {
  it("puts every key where kafkajs' own, and Java's, puts it", () => {
    const theirs = Partitioners.DefaultPartitioner();
    for (let length = 0; length < 500; length++) {
      const key = randomBytes(length % 70);
      expect([key.toString('hex'), placeOf(key)]).toEqual([
        key.toString('hex'),
        theirs({ topic: 't', partitionMetadata, message: { key, value: null } }),
      ]);
    }
    expect(placeOf('4711')).toBe(placeOf(Buffer.from('4711')));
  });

  it('is as quick with a very long key', () => {
    const beganAt = Date.now();
    placeOf(randomBytes(1_000_000));
    expect(Date.now() - beganAt).toBeLessThan(1_000);
  });

  it('leaves records without a key, or with a partition, to kafkajs', () => {
    expect(choose({ topic: 't', partitionMetadata, message: { key: 'k', value: null, partition: 13 } })).toBe(13);
    expect(choose({ topic: 't', partitionMetadata, message: { value: null } })).toBeLessThan(97);
  });
});
