import { Connection } from '@temporalio/client';
import { loadSettings } from '../config/load';
import type { Settings } from '../config/settings';
import { TOPICS } from '../contracts/topics';
import { openDatabase } from '../db/connection';
import { migrateSchema } from '../db/schema';
import { createKafka } from '../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../observability/logger';
import { temporalConnectionOptions } from '../temporal/connection';
import { ensureSearchAttributes } from '../temporal/search-attributes';
import { runMain } from './process';
import { DAY_MS } from './retention';

/** Brings schema, topics and search attributes to this code's version; logs a line for each change. */
export async function migrate(settings: Settings, log: (line: string) => void): Promise<void> {
  const db = openDatabase({
    url: settings.DATABASE_URL,
    poolMax: 2,
    caFile: settings.DATABASE_CA_FILE,
    isUnhurried: true,
  });
  try {
    const applied = await migrateSchema(db);
    log(applied.length > 0 ? `schema: applied ${applied.join(', ')}` : 'schema: up to date');
  } finally {
    await db.destroy();
  }
  const admin = await createKafka(settings, createLogger('migrate', settings.LOG_LEVEL)).admin();
  try {
    const done = await admin.ensureTopics(Object.values(TOPICS), {
      recordsMs: settings.RETENTION_TOPICS_DAYS * DAY_MS,
      deadLettersMs: settings.RETENTION_DEAD_LETTERS_DAYS * DAY_MS,
    });
    log(done.length > 0 ? `topics: ${done.join(', ')}` : 'topics: up to date');
  } finally {
    await admin.close();
  }
  const { tls, ...options } = temporalConnectionOptions(settings);
  const temporal = await Connection.connect({ ...options, ...(tls ? { tls } : {}) });
  try {
    const added = await ensureSearchAttributes(temporal, settings.TEMPORAL_NAMESPACE);
    log(added.length > 0 ? `search attributes: added ${added.join(', ')}` : 'search attributes: up to date');
  } finally {
    await temporal.close();
  }
}

if (require.main === module) {
  runMain(() => migrate(loadSettings(), (line) => process.stdout.write(`${line}\n`)));
}
