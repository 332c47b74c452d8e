import type { ConsumerSettings } from '../../contracts/record';
import type { IncomingRecord } from '../client/kafka-port';

export type Outcome = 'processed' | 'duplicate';

/** A topic that the bridge reads. */
export interface Subscription extends ConsumerSettings {
  readonly topic: string;
  /** Handles one record; throws PoisonRecord for one that can never be handled, any other error for what may pass. */
  handle(record: IncomingRecord): Promise<Outcome>;
}
