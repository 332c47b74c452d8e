/**
 * The counter-tests' breakages, loaded into one process before its own files: each takes away one rule of the saga, so that the
 * matrix can be seen to fail. It is test code of one run; the product's files stay as they are.
 */
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Has everybody who requires a module from now on get these exports in the place of its own. */
function replaceExports<Exports extends object>(path: string, replace: (own: Exports) => Partial<Exports>): void {
  const own = require(path) as Exports;
  const loaded = require.cache[require.resolve(path)];
  if (!loaded) throw new Error(`${path} is not loaded`);
  loaded.exports = { ...own, ...replace(own) };
}

const BREAKAGES: Readonly<Record<string, () => void>> = {
  /** An undo takes it for granted that a call without a response has done nothing. */
  'no-look-up'() {
    replaceExports<typeof import('../../../activities/provider-step')>(
      '../../../activities/provider-step',
      ({ undoProviderStep }) => ({
        undoProviderStep: (db, id, call, undo) =>
          undoProviderStep(db, id, call, {
            ...undo,
            mayHaveHappened: (record) => record.state !== 'UNKNOWN' && undo.mayHaveHappened(record),
          }),
      }),
    );
  },

  /** The bridge commits a batch's offsets before it handles a record of it. */
  'offsets-first'() {
    interface Payload {
      batch: { topic: string; partition: number; lastOffset(): string };
      resolveOffset(offset: string): void;
      commitOffsetsIfNecessary(offsets: object): Promise<void>;
    }
    interface Made {
      run(options: { eachBatch(payload: Payload): Promise<void> }): Promise<void>;
    }
    const { Kafka } = require('kafkajs') as { Kafka: { prototype: { consumer(...args: unknown[]): Made } } };
    const { consumer } = Kafka.prototype;
    Kafka.prototype.consumer = function (this: object, ...args: unknown[]): Made {
      const made = consumer.apply(this, args);
      const { run } = made;
      made.run = (options) =>
        run({
          ...options,
          async eachBatch(payload) {
            const { topic, partition } = payload.batch;
            const offset = (BigInt(payload.batch.lastOffset()) + 1n).toString();
            await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
            await options.eachBatch(payload);
          },
        });
      return made;
    };
  },

  /** Other workflows than those of this release. */
  workflows() {
    const code = readFileSync(process.env.MATRIX_WORKFLOWS as string, 'utf8');
    replaceExports<typeof import('../../../processes/worker/bundle')>('../../../processes/worker/bundle', () => ({
      workflowBundle: async () => ({ code }),
    }));
  },
};

const breakage = process.env.MATRIX_BROKEN;
if (isMainThread && breakage && process.argv.includes('--role')) BREAKAGES[breakage]?.();
