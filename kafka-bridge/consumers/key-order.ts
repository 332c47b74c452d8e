/** The unbroken finished prefix of a batch: only that may be committed. */
export class FinishedPrefix {
  private readonly finished: boolean[];
  private next = 0;

  constructor(private readonly offsets: readonly string[]) {
    this.finished = offsets.map(() => false);
  }

  finish(index: number): void {
    this.finished[index] = true;
  }

  /** Moves past finished records; returns the last offset of the prefix if it grew. */
  advance(): string | undefined {
    const before = this.next;
    while (this.finished[this.next]) this.next += 1;
    return this.next > before ? this.offsets[this.next - 1] : undefined;
  }
}

/**
 * Works on items in order within each key, on up to `keysAtOnce` keys side by side. Begins no item once `isOver`;
 * resolves when every item that was begun has ended. `work` must not throw.
 */
export async function inKeyOrder<T>(
  items: readonly T[],
  options: {
    readonly keyOf: (item: T) => string;
    readonly keysAtOnce: number;
    readonly isOver: () => boolean;
    readonly work: (item: T, index: number) => Promise<void>;
  },
): Promise<void> {
  const { keysAtOnce, isOver } = options;
  const active = new Map<string, { waiting: (readonly [T, number])[]; ended: Promise<void> }>();

  async function workOff(key: string, waiting: (readonly [T, number])[]): Promise<void> {
    for (let next = waiting.shift(); next && !isOver(); next = waiting.shift()) await options.work(...next);
    active.delete(key);
  }

  for (const [index, item] of items.entries()) {
    const key = options.keyOf(item);
    const chain = active.get(key);
    if (chain) {
      chain.waiting.push([item, index]);
      continue;
    }
    while (active.size >= keysAtOnce) await Promise.race([...active.values()].map(({ ended }) => ended));
    if (isOver()) break;
    const waiting = [[item, index] as const];
    const entry = { waiting, ended: Promise.resolve() };
    active.set(key, entry);
    entry.ended = workOff(key, waiting);
  }
  await Promise.all([...active.values()].map(({ ended }) => ended));
}
