import { randomUUID } from 'node:crypto';
import { base64Headers, DEAD_LETTER_HEADERS, idIn } from '../../contracts/dead-letters';
import * as lines from '../../db/blocked-keys';
import type { Db } from '../../db/connection';
import { hasDeadLetter } from '../../db/dead-letter-index';
import type { IncomingRecord } from '../client/kafka-port';
import { recordTime } from '../consumers/event-time';

/**
 * Whether the group has given this record up before, and its dead letter is indexed: after a crash or a rebalance it
 * comes again, and somebody may have decided about it meanwhile.
 */
export async function isGivenUp(db: Db, record: IncomingRecord, group: string): Promise<boolean> {
  const at = recordTime(record.timestamp);
  return at !== undefined && hasDeadLetter(db, { ...record, at, group });
}

/** Lets a record pass, or puts it at the end of the line of its key; `dead`: it was given up before, and has nothing to wait for. */
export async function standInLine(db: Db, record: IncomingRecord, group: string): Promise<lines.Standing | 'dead'> {
  const standing = await lines.standingOf(db, inLine(record));
  if (standing !== 'waiting') return standing;
  if (await isGivenUp(db, record, group)) return 'dead';
  // It keeps a turn that another line waits for: the one of the key that it had before it was edited.
  const own = turnOf(record);
  const turn = own !== undefined && (await lines.isAwaited(db, record.topic, own)) ? own : randomUUID();
  const headers = base64Headers({ ...record.headers, [DEAD_LETTER_HEADERS.turn]: [Buffer.from(turn)] });
  return lines.waitForKey(db, { ...record, turn, headers });
}

/** Before a record's dead letter is written: from here on the later ones of its key wait behind it. */
export function blockKey(db: Db, record: IncomingRecord, group: string): Promise<void> {
  return lines.blockKey(db, { ...inLine(record), group });
}

/** The head of a line has been worked on: the next one follows. */
export function headIsDone(db: Db, record: IncomingRecord, group: string): Promise<void> {
  return db.transaction((trx) => lines.releaseWaiting(trx, { ...inLine(record), group }));
}

const inLine = (record: IncomingRecord): lines.KeyedRecord => ({ ...record, turn: turnOf(record) });

function turnOf({ headers }: IncomingRecord): string | undefined {
  return idIn(headers[DEAD_LETTER_HEADERS.turn]?.at(-1));
}
