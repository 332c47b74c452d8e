import type { StoredOutboxRow } from '../../db/outbox';

/** Works on each topic's rows separately, one batch of a topic at a time: a slow topic delays no other. */
export class TopicPipelines {
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly options: {
      /** Must not throw. */
      readonly work: (rows: readonly StoredOutboxRow[], mayGoOn: () => boolean) => Promise<void>;
      /** The topic can be read again. */
      readonly onEnd: () => void;
    },
  ) {}

  /** Topics that have rows in flight: no row of theirs is to be read now. */
  busy(): string[] {
    return [...this.running.keys()];
  }

  /** Begins rows of topics that are not busy. */
  begin(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): void {
    for (const [topic, ofTopic] of byTopic(rows)) {
      const work = this.options.work(ofTopic, mayGoOn).finally(() => {
        this.running.delete(topic);
        this.options.onEnd();
      });
      this.running.set(topic, work);
    }
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.running.values());
  }
}

function byTopic(rows: readonly StoredOutboxRow[]): Map<string, StoredOutboxRow[]> {
  const topics = new Map<string, StoredOutboxRow[]>();
  for (const row of rows) {
    const same = topics.get(row.topic);
    if (same) same.push(row);
    else topics.set(row.topic, [row]);
  }
  return topics;
}
