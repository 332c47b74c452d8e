import { z } from 'zod';

const numbers = z.string().regex(/^\d{1,15}-\d{1,15}$/);
export const changesQuery = z.object({ since: z.iso.datetime(), cursor: numbers.optional() });
export type ChangesQuery = z.infer<typeof changesQuery>;

/** A page of what has changed; next is null on the last one. */
interface ChangesPage<View> {
  readonly records: View[];
  readonly next: string | null;
}

/**
 * What a provider has, in the order of each thing's last change. A list ends where the changes were when its first page was asked
 * for: what changes meanwhile moves behind that end, and is in the next list.
 */
export class Changes {
  readonly #log: { readonly name: string; readonly at: string }[] = [];
  readonly #last = new Map<string, number>();

  /** `name` has changed, at a time that the journal has. */
  note(name: string, at: string): void {
    // A clock that was set back must not hide a change from those who look for what is newer.
    const before = this.#log.at(-1)?.at ?? at;
    this.#last.set(name, this.#log.length);
    this.#log.push({ name, at: before > at ? before : at });
  }

  page<View>(
    { since, cursor }: ChangesQuery,
    size: number,
    viewOf: (name: string) => View,
  ): ChangesPage<View & { readonly changedAt: string }> {
    const [from, end] = cursor?.split('-').map(Number) ?? [];
    const until = Math.min(end ?? this.#log.length, this.#log.length);
    const records = [];
    let index = from ?? this.#firstSince(new Date(since).toISOString());
    for (; index < until && records.length < size; index += 1) {
      const change = this.#log[index];
      if (!change || this.#last.get(change.name) !== index) continue;
      records.push({ ...viewOf(change.name), changedAt: change.at });
    }
    return { records, next: index < until ? `${index}-${until}` : null };
  }

  #firstSince(since: string): number {
    let [low, high] = [0, this.#log.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.at ?? '') < since) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
