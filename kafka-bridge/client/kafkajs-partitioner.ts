import { type ICustomPartitioner, Partitioners } from 'kafkajs';

/**
 * Java's, and kafkajs' own, which takes half a minute for a key of 300 kB: long enough for a process to lose every
 * group that it is a member of.
 */
export const partitioner: ICustomPartitioner = () => {
  const withoutKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const { key, partition } = args.message;
    if (key === null || key === undefined || (partition !== null && partition !== undefined)) return withoutKey(args);
    return (murmur2(Buffer.from(key)) & 0x7f_ff_ff_ff) % args.partitionMetadata.length;
  };
};

const SEED = 0x97_47_b2_8c;
const MULTIPLIER = 0x5b_d1_e9_95;

function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const wholeWords = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < wholeWords; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (length > wholeWords) {
    for (let at = length - 1; at >= wholeWords; at--) hash ^= (bytes[at] as number) << (8 * (at - wholeWords));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
