import { z } from 'zod';
import { faultsIn } from './magic-values';
import { Problem } from './problem';
import type { Entry, RecordChange } from './providers';

const order = { at: z.string(), orderId: z.number().int() };
export const undoFaultEntries = [
  z.object({ kind: z.literal('order.undo_fault'), ...order, times: z.number().int() }),
  z.object({ kind: z.literal('order.undo_refused'), ...order }),
] as const;

/** `fault:undo_refused:N`: one count an order, shared by its shipments and its storages. */
export class UndoFaults {
  readonly #left = new Map<number, number>();

  constructor(private readonly record: RecordChange) {}

  /** Arms the order's fault the first time a name asks for it; a later attempt of the order doesn't arm it again. */
  arm(orderId: number, recipientName: string): void {
    const times = faultsIn(recipientName).undoRefusedTimes;
    if (times > 0 && !this.#left.has(orderId)) this.record({ kind: 'order.undo_fault', orderId, times });
  }

  /** Throws 422 UNDO_REFUSED as often as was asked for. */
  passUndo(orderId: number | undefined): void {
    if (orderId === undefined || (this.#left.get(orderId) ?? 0) === 0) return;
    this.record({ kind: 'order.undo_refused', orderId });
    throw new Problem(422, 'UNDO_REFUSED', `an undo of order ${orderId} is refused`);
  }

  apply(entry: Entry): void {
    if (entry.kind === 'order.undo_fault') this.#left.set(entry.orderId, entry.times);
    if (entry.kind === 'order.undo_refused') {
      this.#left.set(entry.orderId, (this.#left.get(entry.orderId) ?? 1) - 1);
    }
  }
}
