import { loadSettings } from '../config/load';
import { openDatabase } from '../db/connection';
import { schemaMismatch } from '../db/schema';
import { createKafka } from '../kafka-bridge/client/kafkajs-adapter';
import { rebuildDeadLetterIndex } from '../kafka-bridge/dead-letters/index-dead-letters';
import { RECORD_RULES } from '../kafka-bridge/handlers/record-rules';
import { createLogger } from '../observability/logger';
import { runMain } from './process';

/** `npm run rebuild-letter-index`: the index of dead letters, from their topics. */
runMain(async () => {
  const settings = loadSettings();
  const logger = createLogger('rebuild', settings.LOG_LEVEL);
  const db = openDatabase({ url: settings.DATABASE_URL, poolMax: 2, caFile: settings.DATABASE_CA_FILE });
  try {
    const mismatch = await schemaMismatch(db);
    if (mismatch) throw new Error(mismatch);
    const kafka = createKafka(settings, logger);
    const foreignDeadLetterTopics = settings.FOREIGN_DEAD_LETTER_TOPICS;
    await rebuildDeadLetterIndex({ db, kafka, records: RECORD_RULES, foreignDeadLetterTopics }, logger);
    const [row] = (await db('dead_letters').count({ count: '*' })) as { count: number }[];
    process.stdout.write(`${row?.count} dead letters indexed\n`);
  } finally {
    await db.destroy();
  }
});
