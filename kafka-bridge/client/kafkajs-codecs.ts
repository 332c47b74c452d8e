import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { decompress as unlz4 } from 'lz4js';
import { uncompress as unsnap } from 'snappyjs';

/** A batch that is not what its codec says it is: nothing behind it in its partition can be read. */
export class UnreadableBatchError extends Error {
  override readonly name = 'UnreadableBatchError';
}

/** The first bytes of what Java's producers write as snappy: blocks, each with its length; others write one bare block. */
const SNAPPY_BLOCKS = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0]);
const SNAPPY_HEADER_BYTES = 16;

/** How each codec of Kafka is read. */
const READERS = {
  GZIP: promisify<Buffer, Uint8Array>(gunzip),
  Snappy: async (bytes: Buffer) => (isInBlocks(bytes) ? Buffer.concat(blocksOf(bytes)) : unsnap(bytes)),
  LZ4: async (bytes: Buffer) => unlz4(bytes),
  ZSTD: async (bytes: Buffer) => unzstd(bytes),
};

const zip = promisify<Buffer, Buffer>(gzip);

/** Lets kafkajs, which knows only GZIP, read every codec; it compresses with GZIP only. */
export function registerCodecs(): void {
  for (const [name, read] of Object.entries(READERS))
    CompressionCodecs[CompressionTypes[name as keyof typeof READERS]] = () => ({
      compress: ({ buffer }: { readonly buffer: Buffer }) => zip(buffer),
      async decompress(bytes: Buffer): Promise<Buffer> {
        try {
          return Buffer.from(await read(bytes));
        } catch (error) {
          throw new UnreadableBatchError(`a batch is not the ${name} that it says it is`, { cause: error });
        }
      },
    });
}

const isInBlocks = (bytes: Buffer) => bytes.subarray(0, SNAPPY_BLOCKS.length).equals(SNAPPY_BLOCKS);

function blocksOf(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = SNAPPY_HEADER_BYTES; at < bytes.length; ) {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    blocks.push(unsnap(bytes.subarray(start, at)));
  }
  return blocks;
}
