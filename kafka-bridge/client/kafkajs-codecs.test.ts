import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { registerCodecs, UnreadableBatchError } from './kafkajs-codecs';

type Codec = { decompress(bytes: Buffer): Promise<Buffer> };
const NAMES = ['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const;

describe('a codec', () => {
  beforeAll(registerCodecs);
  const codec = (name: (typeof NAMES)[number]) => CompressionCodecs[CompressionTypes[name]]() as Codec;

  it.each(NAMES)('%s says that bytes are none of its own', async (name) => {
    await expect(codec(name).decompress(Buffer.from('no such thing as that'))).rejects.toThrow(UnreadableBatchError);
  });

  it('reads snappy without blocks, as producers other than Java write it', async () => {
    // Its length, the length of a literal less one in the upper six bits, and the literal.
    const bare = Buffer.from([6, 5 << 2, ...Buffer.from('parcel')]);
    expect((await codec('Snappy').decompress(bare)).toString()).toBe('parcel');
  });
});
