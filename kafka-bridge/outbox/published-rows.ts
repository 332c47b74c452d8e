import type { Db } from '../../db/connection';
import { markPublished } from '../../db/outbox';

/** Rows that are published and not yet marked so. */
export class PublishedRows {
  private readonly unmarked: number[] = [];
  private marking: Promise<void> = Promise.resolve();

  constructor(
    private readonly db: Db,
    /** Rows of these topics keep no content. */
    private readonly secretTopics: readonly string[],
  ) {}

  add(ids: readonly number[]): void {
    this.unmarked.push(...ids);
  }

  /** One statement at a time, for all rows that were added before it; rows that could not be marked are marked the next time. */
  mark(): Promise<void> {
    const next = this.marking.catch(() => undefined).then(() => this.markOnce());
    this.marking = next;
    return next;
  }

  private async markOnce(): Promise<void> {
    const ids = [...this.unmarked];
    if (ids.length === 0) return;
    await markPublished(this.db, ids, this.secretTopics);
    this.unmarked.splice(0, ids.length);
  }
}
