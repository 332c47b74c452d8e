import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

const NEWLINE = 0x0a;

/** One write and one fdatasync, shared by every request that appended meanwhile. */
interface Batch {
  lines: string[];
  done: Promise<void>;
  settle: (error?: Error) => void;
}

/**
 * Append-only JSONL file that survives kill -9: what `durable()` has resolved for is on disk. After a failed write
 * nothing more is taken, because what is in memory would no longer be what a restart finds.
 */
export class Journal {
  #next: Batch | undefined;
  #writing: Batch | undefined;
  #running = false;
  #failure: Error | undefined;

  private constructor(private readonly file: FileHandle) {}

  /** Opens (or makes) the file, cuts off a torn last line, and hands each entry to `replay`, oldest first. */
  static async open(filePath: string, replay: (entry: unknown) => void): Promise<Journal> {
    await mkdir(path.dirname(filePath), { recursive: true });
    const file = await open(filePath, 'a+');
    try {
      const end = await endOfLastLine(file);
      await file.truncate(end);
      if (end > 0) await replayLines(filePath, end, replay);
      return new Journal(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Why nothing is taken any more; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Takes an entry in order; throws once a write has failed. */
  append(entry: object): void {
    if (this.#failure) throw this.#failure;
    this.#next ??= newBatch();
    this.#next.lines.push(`${JSON.stringify(entry)}\n`);
    if (!this.#running) void this.#write();
  }

  /** Resolves once everything appended before this call is on disk. */
  durable(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return (this.#next ?? this.#writing)?.done ?? Promise.resolve();
  }

  async close(): Promise<void> {
    await this.durable().catch(() => undefined);
    await this.file.close();
  }

  async #write(): Promise<void> {
    this.#running = true;
    while (this.#next) {
      // Requests of the same round of the event loop join this batch.
      await new Promise(setImmediate);
      this.#writing = this.#next;
      this.#next = undefined;
      try {
        if (this.#failure) throw this.#failure;
        await this.file.appendFile(this.#writing.lines.join(''));
        await this.file.datasync();
        this.#writing.settle();
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#writing.settle(this.#failure);
      }
    }
    this.#writing = undefined;
    this.#running = false;
  }
}

function newBatch(): Batch {
  let settle: Batch['settle'] = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  // Those who wait get the error; without them it must not end the process.
  done.catch(() => undefined);
  return { lines: [], done, settle };
}

/** Position after the last newline; 0 for a file without one. */
async function endOfLastLine(file: FileHandle): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024);
  let end = (await file.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

async function replayLines(filePath: string, end: number, replay: (entry: unknown) => void): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(filePath, { end: end - 1 }) })) {
    number += 1;
    try {
      replay(JSON.parse(line));
    } catch (error) {
      throw new Error(`${filePath}:${number} is no journal entry`, { cause: error });
    }
  }
}
