import type { StoredOutboxRow } from '../../db/outbox';

/** How long rows that are read together wait for each other: far longer than a send that succeeds. */
const WAIT_MS = 250;

/** Works on each topic's rows separately, one batch of a topic at a time: a slow topic delays no other. */
export class TopicPipelines {
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly options: {
      /** Must not throw. */
      readonly work: (rows: readonly StoredOutboxRow[], mayGoOn: () => boolean) => Promise<void>;
      /** Whether a topic is not to be waited for at all. */
      readonly isSuspect: (topic: string) => boolean;
      /** A topic that was not waited for can be read again. */
      readonly onLate: () => void;
    },
  ) {}

  /** Topics that have rows in flight: no row of theirs is to be read now. */
  busy(): string[] {
    return [...this.running.keys()];
  }

  /** Begins rows of topics that are not busy; resolves when they are done, or when the wait is over. */
  async run(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<void> {
    let isLate = false;
    const awaited: Promise<void>[] = [];
    for (const [topic, ofTopic] of byTopic(rows)) {
      const isSuspect = this.options.isSuspect(topic);
      const work = this.options.work(ofTopic, mayGoOn).finally(() => {
        this.running.delete(topic);
        if (isLate || isSuspect) this.options.onLate();
      });
      this.running.set(topic, work);
      if (!isSuspect) awaited.push(work);
    }
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([Promise.all(awaited), deadline]);
    clearTimeout(timer);
    isLate = true;
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
