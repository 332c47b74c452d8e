import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { StorageView, StoreRequest, storageStateSchema } from '../contracts/provider-api';
import type { Entry, RecordChange } from './entries';
import { fingerprintOf, orderInKey } from './keys';
import { faultsIn } from './magic-values';
import { Problem } from './problem';
import type { UndoFaults } from './undo-faults';

interface Storage {
  readonly orderId: number;
  readonly ref: string;
  readonly fingerprint: string;
}

/** The warehouse's books: storages by business key, and the keys that are never stored. */
export class StorageBook {
  readonly #storages = new Map<string, Storage>();
  readonly #cancelled = new Set<string>();
  readonly #keysByOrder = new Map<number, string[]>();

  constructor(
    private readonly record: RecordChange,
    private readonly undoFaults: UndoFaults,
  ) {}

  store({ key, orderId, recipientName }: StoreRequest): { ref: string } {
    const fingerprint = fingerprintOf({ orderId, recipientName });
    const known = this.#storages.get(key);
    if (known && known.fingerprint !== fingerprint) {
      throw new Problem(422, 'KEY_REUSED', `key ${key} was used with another body`);
    }
    if (this.#cancelled.has(key)) throw new Problem(409, 'CANCELLED', `storage ${key} is cancelled`);
    if (known) return { ref: known.ref };

    this.undoFaults.arm(orderId, recipientName);
    if (faultsIn(recipientName).storeRefused) throw new Problem(422, 'STORE_REFUSED', 'the warehouse is full');
    const ref = `sto_${randomBytes(12).toString('hex')}`;
    this.record({ kind: 'storage.stored', key, orderId, ref, fingerprint });
    return { ref };
  }

  lookup(key: string): z.infer<typeof storageStateSchema> {
    if (this.#cancelled.has(key)) return { status: 'cancelled' };
    const storage = this.#storages.get(key);
    return storage ? { status: 'stored', ref: storage.ref } : { status: 'none' };
  }

  cancel(key: string): { status: 'cancelled' } {
    if (this.#cancelled.has(key)) return { status: 'cancelled' };
    const storage = this.#storages.get(key);
    if (storage) this.undoFaults.passUndo(storage.orderId);
    this.record({ kind: 'storage.cancelled', key });
    return { status: 'cancelled' };
  }

  storagesOf(orderId: number): StorageView[] {
    return (this.#keysByOrder.get(orderId) ?? []).flatMap((key) => {
      const storage = this.#storages.get(key);
      const status = this.#cancelled.has(key) ? 'CANCELLED' : 'STORED';
      return storage ? [{ key, orderId, ref: storage.ref, status }] : [];
    });
  }

  orderOf(key: string): number | undefined {
    return this.#storages.get(key)?.orderId ?? orderInKey(key);
  }

  apply(entry: Entry): void {
    if (entry.kind === 'storage.stored') {
      const { key, orderId, ref, fingerprint } = entry;
      this.#storages.set(key, { orderId, ref, fingerprint });
      this.#keysByOrder.set(orderId, [...(this.#keysByOrder.get(orderId) ?? []), key]);
    }
    if (entry.kind === 'storage.cancelled') this.#cancelled.add(entry.key);
  }
}
