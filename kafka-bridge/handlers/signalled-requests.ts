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
  /** Those that are not noted yet. */
  private readonly keys = new Map<string, RequestKey>();
  private timer: NodeJS.Timeout | undefined;
  private marking: Promise<void> = Promise.resolve();

  constructor(
    private readonly db: Db,
    private readonly logger: Logger,
  ) {}

  add(key: RequestKey): void {
    this.keys.set(idOf(key), key);
    this.timer ??= setTimeout(() => this.mark(), NOTED_AFTER_MS);
  }

  /** Whether it was signalled just now; what the database knows is not repeated here. */
  has(key: RequestKey): boolean {
    return this.keys.has(idOf(key));
  }

  /** Call it when nothing is added any more. */
  async stop(): Promise<void> {
    if (this.keys.size > 0) this.mark();
    await this.marking;
    clearTimeout(this.timer);
  }

  private mark(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.marking = this.marking
      .then(() => this.markAll())
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'signalled requests could not be noted: trying again');
        this.timer ??= setTimeout(() => this.mark(), NOTED_AFTER_MS);
      });
  }

  private async markAll(): Promise<void> {
    const marked = [...this.keys];
    await markSignalled(
      this.db,
      marked.map(([, key]) => key),
    );
    for (const [id] of marked) this.keys.delete(id);
  }
}

const idOf = ({ orderId, eventId, retryCount }: RequestKey) => JSON.stringify([orderId, eventId, retryCount]);
