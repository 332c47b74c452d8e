import { randomBytes } from 'node:crypto';
import type { Express, Request } from 'express';
import { z } from 'zod';
import { type StorageState, type StorageView, type StoreRequest, storeRequestSchema } from '../contracts/provider-api';
import { Changes, type ChangesQuery } from './changes';
import { fingerprintOf, KeyedEffects } from './keyed-effects';
import { faultsIn } from './magic-values';
import { Problem, parsed } from './problem';
import { keyOf, operationsOf, orderIdQuery, type SandboxParts, settledRoute } from './provider-routes';
import type { Entry, RecordChange } from './providers';
import type { UndoFaults } from './undo-faults';

const stored = { orderId: z.number().int(), ref: z.string(), fingerprint: z.string() };
export const warehouseEntries = [
  z.object({ kind: z.literal('storage.stored'), at: z.string(), key: z.string(), ...stored }),
  z.object({ kind: z.literal('storage.cancelled'), at: z.string(), key: z.string() }),
] as const;

interface Storage {
  readonly orderId: number;
  readonly ref: string;
  readonly fingerprint: string;
}

/** The warehouse: storages by business key, and the keys that are never stored. */
export class Warehouse {
  readonly #storages = new KeyedEffects<Storage>('storage');
  readonly #changes = new Changes();

  constructor(
    private readonly record: RecordChange,
    private readonly undoFaults: UndoFaults,
  ) {}

  store({ key, orderId, recipientName }: StoreRequest): { ref: string } {
    const fingerprint = fingerprintOf({ orderId, recipientName });
    const known = this.#storages.known(key, fingerprint);
    if (known) return { ref: known.ref };
    this.undoFaults.arm(orderId, recipientName);
    if (faultsIn(recipientName).storeRefused) throw new Problem(422, 'STORE_REFUSED', 'the warehouse is full');
    const ref = `sto_${randomBytes(12).toString('hex')}`;
    this.record({ kind: 'storage.stored', key, orderId, ref, fingerprint });
    return { ref };
  }

  lookup(key: string): StorageState {
    if (this.#storages.isCancelled(key)) return { status: 'cancelled' };
    const storage = this.#storages.find(key);
    return storage ? { status: 'stored', ref: storage.ref } : { status: 'none' };
  }

  cancel(key: string): { status: 'cancelled' } {
    if (!this.#storages.isCancelled(key)) {
      this.undoFaults.passUndo(this.#storages.find(key)?.orderId);
      this.record({ kind: 'storage.cancelled', key });
    }
    return { status: 'cancelled' };
  }

  storagesOf(orderId: number): StorageView[] {
    return this.#storages.ofOrder(orderId).map(([key, storage]) => this.#viewOf(key, storage));
  }

  changes(query: ChangesQuery, size: number) {
    return this.#changes.page(query, size, (key) => this.#viewOf(key, this.#storages.find(key) as Storage));
  }

  #viewOf(key: string, { orderId, ref }: Storage): StorageView {
    return { key, orderId, ref, status: this.#storages.isCancelled(key) ? 'CANCELLED' : 'STORED' };
  }

  orderOf(key: string): number | undefined {
    return this.#storages.orderOf(key);
  }

  apply(entry: Entry): void {
    if (entry.kind === 'storage.stored') this.#storages.add(entry.key, entry);
    if (entry.kind === 'storage.cancelled') this.#storages.cancel(entry.key);
    // A key that was cancelled before anything was made has no storage.
    if (entry.kind.startsWith('storage.') && 'key' in entry && this.#storages.find(entry.key))
      this.#changes.note(entry.key, entry.at);
  }
}

export function warehouseRoutes(app: Express, warehouse: Warehouse, parts: SandboxParts): void {
  const orderOf = (key: string) => warehouse.orderOf(key);
  const routes = operationsOf(app, 'warehouse', parts, { refOf: keyOf, orderOf });
  const storages = '/warehouse/storages';
  routes.make(storages, 'store', storeRequestSchema, (body) => warehouse.store(body));
  routes.lookUp(`${storages}/:key`, (key) => warehouse.lookup(key));
  routes.change(`${storages}/:key/cancel`, 'cancel', (key) => warehouse.cancel(key));
  routes.list('/warehouse/changes', (query) => warehouse.changes(query, parts.pageSize));
  const listed = (req: Request) => warehouse.storagesOf(parsed(orderIdQuery, req.query.orderId));
  app.get(storages, settledRoute(parts.journal, listed));
}
