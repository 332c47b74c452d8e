import { refusalState } from './refusal';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One statement for so many at most. */
const MOST_AT_ONCE = 100;

/**
 * Works on items together: while one batch is under way, the next gathers. An item that finds no other goes at once. Where the
 * database refuses what is in a batch, each of its items is tried alone, so that one fails no other.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private isWorking = false;

  /** `work` returns a result for each item, in their order. */
  constructor(private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /** Resolves once the batch with this item is done. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.isWorking) return;
      this.isWorking = true;
      void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MOST_AT_ONCE);
      await this.workOn(batch).catch(async (error: unknown) => {
        if (refusalState(error) !== undefined) for (const one of batch) await this.workAlone(one);
        else for (const { reject } of batch) reject(error);
      });
    }
    this.isWorking = false;
  }

  private async workOn(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const results = await this.work(batch.map(({ item }) => item));
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
  }

  private workAlone(one: Waiting<Item, Result>): Promise<void> {
    return this.workOn([one]).catch(one.reject);
  }
}
