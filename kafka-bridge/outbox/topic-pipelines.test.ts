import type { StoredOutboxRow } from '../../db/outbox';
import { TopicPipelines } from './topic-pipelines';

const row = (topic: string) => ({ topic }) as StoredOutboxRow;
const always = () => true;

describe('rows of several topics', () => {
  /** Topics end when the test lets them. */
  function pipelines(suspects: readonly string[] = []) {
    const end = new Map<string, () => void>();
    let late = 0;
    const all = new TopicPipelines({
      work: ([first]) => new Promise((resolve) => end.set((first as StoredOutboxRow).topic, resolve)),
      isSuspect: (topic) => suspects.includes(topic),
      onLate: () => (late += 1),
    });
    return { all, end: (topic: string) => end.get(topic)?.(), late: () => late };
  }

  it('wait for each other', async () => {
    const { all, end, late } = pipelines();
    const run = all.run([row('a'), row('b'), row('a')], always);
    expect(all.busy()).toEqual(['a', 'b']);
    end('a');
    end('b');
    await run;
    expect([all.busy(), late()]).toEqual([[], 0]);
  });

  it('do so not for long: a topic that is slow stays in hand by itself, and says when it is over', async () => {
    const { all, end, late } = pipelines();
    const run = all.run([row('slow'), row('a')], always);
    end('a');
    await run;
    expect([all.busy(), late()]).toEqual([['slow'], 0]);
    end('slow');
    await all.idle();
    expect([all.busy(), late()]).toEqual([[], 1]);
  });

  it('do not wait for a topic that took nothing the last time', async () => {
    jest.useFakeTimers();
    try {
      const { all, end, late } = pipelines(['suspect']);
      const run = all.run([row('suspect'), row('a')], always);
      end('a');
      await run;
      expect(all.busy()).toEqual(['suspect']);
      end('suspect');
      await all.idle();
      expect(late()).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });
});
