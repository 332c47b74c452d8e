import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { UnreadableBatchError } from '../../kafka-bridge/client/kafkajs-codecs';
import { rebuildDeadLetterIndex } from '../../kafka-bridge/dead-letters/index-dead-letters';
import { RECORD_RULES } from '../../kafka-bridge/handlers/record-rules';
import { createLogger } from '../../observability/logger';
import { roleEnvironment } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ourKafka } from '../support/our-kafka';
import { ownDatabase } from '../support/own-database';
import { until } from '../support/until';

const OURS = deadLetterTopic(TOPICS.couponIssued);
const ALSO_OURS = deadLetterTopic(TOPICS.stockDecreaseFailed);
const THEIRS = 'others-dlt';
const UNREADABLE = 'unreadable-dlt';
const MISSING = 'no-such-topic-dlt';

jest.setTimeout(120_000);

describe('the index of dead letters, rebuilt,', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.couponIssued]);

  beforeAll(async () => {
    await broker.makeTopic(THEIRS);
    await broker.makeTopic(UNREADABLE, { compression: 'lz4' });
  });

  const rebuild = (foreignDeadLetterTopics: readonly string[]) =>
    rebuildDeadLetterIndex(
      { db: shop.db, kafka: ourKafka(shop.system), records: RECORD_RULES, foreignDeadLetterTopics },
      createLogger('index', 'silent'),
    );

  const rowsOf = (key: string) => shop.db('dead_letters').where({ key: Buffer.from(key) });

  /** Writes a dead letter, of which the index lacks the row; returns its key. */
  async function missingDeadLetter(topic: string): Promise<string> {
    const key = randomUUID();
    await broker.write(topic, { key, value: 'once more' });
    if (topic.endsWith('.DLT')) {
      await until(
        'it to be indexed',
        () => rowsOf(key),
        (rows) => rows.length > 0,
      );
      await rowsOf(key).delete();
    }
    return key;
  }

  test('names topics that are missing or hold what cannot be read, and mends the others', async () => {
    const lz4 = CompressionCodecs[CompressionTypes.LZ4];
    const keys = [await missingDeadLetter(OURS), await missingDeadLetter(THEIRS)];
    await missingDeadLetter(UNREADABLE);
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      decompress: () => Promise.reject(new UnreadableBatchError('for a test')),
    });
    try {
      const named = `^not read to their ends: ${UNREADABLE} \\(a batch can't be read\\), ${MISSING} \\([^,]+\\)$`;
      await expect(rebuild([UNREADABLE, MISSING, THEIRS])).rejects.toThrow(new RegExp(named));
    } finally {
      CompressionCodecs[CompressionTypes.LZ4] = lz4;
    }
    for (const key of keys) expect(await rowsOf(key)).toHaveLength(1);
  });

  test('names the one topic of ours that the database does not take for now, and mends the others', async () => {
    const [key, refused] = [await missingDeadLetter(OURS), await missingDeadLetter(ALSO_OURS)];
    await shop.db.raw(`
      create function not_now() returns trigger language plpgsql as $$
        begin raise exception 'not now' using errcode = '42501'; end $$;
      create trigger not_now before insert on dead_letters
        for each row when (new.topic = '${ALSO_OURS}') execute function not_now()`);
    try {
      await expect(rebuild([])).rejects.toThrow(`not read to their ends: ${ALSO_OURS} (42501)`);
    } finally {
      await shop.db.raw('drop function not_now cascade');
    }
    expect(await rowsOf(key)).toHaveLength(1);
    expect(await rowsOf(refused)).toHaveLength(0);
  });

  test('by the command, is refused where the database is not migrated', async () => {
    const root = join(__dirname, '..', '..');
    const child = spawn(process.execPath, [join(root, 'dev', 'run.mjs'), 'processes/rebuild-dead-letter-index.ts'], {
      cwd: root,
      env: roleEnvironment(shop.system, { DATABASE_URL: await ownDatabase(fixture, shop.system.postgres) }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    expect(await text(child.stderr)).toMatch(/^the database lacks 001-orders, .*: run `npm run migrate`$/m);
    expect(await ended).toBe(1);
  });
});
