import type { Db } from '../../db/connection';
import { markSignalled, type RequestKey } from '../../db/requests';
import type { Logger } from '../../observability/logger';

/** By then a workflow that is free has begun the request, and there is nothing to note. */
const NOTED_AFTER_MS = 500;

/**
 * Requests that were signalled and that their workflows may not begin for a while, as during another attempt: this is noted
 * a little later, for all of them at once. Where the process dies before, the check for lost records sends such a request
 * once more, and its workflow ignores the second one.
 */
export class SignalledRequests {
  private readonly keys: RequestKey[] = [];
  private timer: NodeJS.Timeout | undefined;
  private marking: Promise<void> = Promise.resolve();

  constructor(
    private readonly db: Db,
    private readonly logger: Logger,
  ) {}

  add(key: RequestKey): void {
    this.keys.push(key);
    this.timer ??= setTimeout(() => this.mark(), NOTED_AFTER_MS);
  }

  /** Call it when nothing is added any more. */
  async stop(): Promise<void> {
    if (this.keys.length > 0) this.mark();
    await this.marking;
    clearTimeout(this.timer);
  }

  private mark(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const keys = this.keys.splice(0);
    this.marking = this.marking
      .then(() => markSignalled(this.db, keys))
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'signalled requests could not be noted: trying again');
        for (const key of keys) this.add(key);
      });
  }
}
