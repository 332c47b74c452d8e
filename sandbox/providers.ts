import path from 'node:path';
import type { Express } from 'express';
import { z } from 'zod';
import { Carrier, carrierEntries, carrierRoutes } from './carrier';
import { Journal } from './journal';
import { Payments, paymentEntries, paymentRoutes } from './payment';
import { Problem } from './problem';
import type { SandboxParts } from './provider-routes';
import { UndoFaults, undoFaultEntries } from './undo-faults';
import { Warehouse, warehouseEntries, warehouseRoutes } from './warehouse';

/** Every change of the sandbox's state, as the journal keeps it. No addresses: only what the responses need. */
const entrySchema = z.discriminatedUnion('kind', [
  ...paymentEntries,
  ...carrierEntries,
  ...warehouseEntries,
  ...undoFaultEntries,
]);
export type Entry = z.infer<typeof entrySchema>;

type WithoutTime<E> = E extends Entry ? Omit<E, 'at'> : never;
/** Writes a change to the journal and applies it to the state; the response waits until it is on disk. */
export type RecordChange = (change: WithoutTime<Entry>) => void;

export interface StandIns {
  readonly payment: Payments;
  readonly carrier: Carrier;
  readonly warehouse: Warehouse;
}

/** Opens the providers' stand-ins in the state that the journal in `dataDir` has. */
export async function openStandIns(dataDir: string): Promise<{ standIns: StandIns; journal: Journal }> {
  const record: RecordChange = (change) => {
    if (journal.failure) throw new Problem(503, 'JOURNAL_FAILED', journal.failure.message);
    const entry: Entry = { at: new Date().toISOString(), ...change };
    journal.append(entry);
    apply(entry);
  };
  const undoFaults = new UndoFaults(record);
  const standIns = {
    payment: new Payments(record),
    carrier: new Carrier(record, undoFaults),
    warehouse: new Warehouse(record, undoFaults),
  };
  const apply = (entry: Entry): void => {
    for (const part of [...Object.values(standIns), undoFaults]) part.apply(entry);
  };
  const journal = await Journal.open(path.join(dataDir, 'journal.jsonl'), (line) => apply(entrySchema.parse(line)));
  return { standIns, journal };
}

export function providerRoutes(app: Express, parts: SandboxParts): void {
  paymentRoutes(app, parts.standIns.payment, parts);
  carrierRoutes(app, parts.standIns.carrier, parts);
  warehouseRoutes(app, parts.standIns.warehouse, parts);
}
