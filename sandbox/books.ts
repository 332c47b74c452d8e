import path from 'node:path';
import { type Entry, entrySchema, type RecordChange } from './entries';
import { Journal } from './journal';
import { ParcelBook } from './parcel-book';
import { PaymentBook } from './payment-book';
import { Problem } from './problem';
import { StorageBook } from './storage-book';
import { UndoFaults } from './undo-faults';

export interface Books {
  readonly payments: PaymentBook;
  readonly parcels: ParcelBook;
  readonly storages: StorageBook;
  readonly journal: Journal;
}

/** Opens the three providers' books as the journal in `dataDir` left them. */
export async function openBooks(dataDir: string): Promise<Books> {
  const record: RecordChange = (change) => {
    if (journal.failure) throw new Problem(503, 'JOURNAL_FAILED', journal.failure.message);
    const entry: Entry = { at: new Date().toISOString(), ...change };
    journal.append(entry);
    apply(entry);
  };
  const undoFaults = new UndoFaults(record);
  const payments = new PaymentBook(record);
  const parcels = new ParcelBook(record, undoFaults);
  const storages = new StorageBook(record, undoFaults);
  const apply = (entry: Entry): void => {
    for (const book of [payments, parcels, storages, undoFaults]) book.apply(entry);
  };
  const journal = await Journal.open(path.join(dataDir, 'journal.jsonl'), (line) => apply(entrySchema.parse(line)));
  return { payments, parcels, storages, journal };
}
