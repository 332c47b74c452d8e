import type { StoredOutboxRow } from '../../db/outbox';
import { TopicPipelines } from './topic-pipelines';

const row = (topic: string) => ({ topic }) as StoredOutboxRow;
const always = () => true;

describe('rows of several topics', () => {
  /** Topics end when the test lets them. */
  function pipelines() {
    const end = new Map<string, () => void>();
    const begun: (readonly StoredOutboxRow[])[] = [];
    let ended = 0;
    const all = new TopicPipelines({
      work(rows) {
        begun.push(rows);
        return new Promise((resolve) => end.set((rows[0] as StoredOutboxRow).topic, resolve));
      },
      onEnd: () => (ended += 1),
    });
    return { all, begun, end: (topic: string) => end.get(topic)?.(), ended: () => ended };
  }

  it('are worked on side by side, those of one topic together and in their order', () => {
    const { all, begun } = pipelines();
    const [first, other, second] = [row('a'), row('b'), row('a')];
    all.begin([first, other, second], always);
    expect(begun).toEqual([[first, second], [other]]);
    expect(all.busy()).toEqual(['a', 'b']);
  });

  it('do not wait for each other: a topic that is slow stays in hand by itself', async () => {
    const { all, end, ended } = pipelines();
    all.begin([row('slow'), row('a')], always);
    end('a');
    await new Promise(setImmediate);
    expect([all.busy(), ended()]).toEqual([['slow'], 1]);
    end('slow');
    await all.idle();
    expect([all.busy(), ended()]).toEqual([[], 2]);
  });
});
