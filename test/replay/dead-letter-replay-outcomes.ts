import { randomUUID } from 'node:crypto';
import { TOPICS } from '../../contracts/topics';
import { SIGNALS } from '../../contracts/workflow/messages';
import { QUERIES, type ReplayProgress } from '../../contracts/workflow-api';
import { type IndexedDeadLetter, indexDeadLetters } from '../../db/dead-letter-index';
import type { OrderHarness } from '../support/order-harness';
import { until } from '../support/until';
import type { Play } from './plays';

/** Dead letters, many of them sent back at once. */
export const DEAD_LETTER_OUTCOMES: Readonly<Record<string, Play>> = {
  async 'letters-sent-back'(harness) {
    const code = await deadLetters(harness, 60);
    const workflow = harness.handle(await harness.startReplay(randomUUID(), { code }, 100));
    return endsAs(workflow, 'DONE', ({ replayed, refused }) => replayed === 58 && refused.VALUE_MISSING === 2);
  },
  async 'letters-paused-resumed-cancelled'(harness) {
    const code = await deadLetters(harness, 60);
    const workflow = harness.handle(await harness.startReplay(randomUUID(), { code }, 10));
    const reaches = (what: string, isIt: (progress: ReplayProgress) => boolean) =>
      until(what, () => workflow.query<ReplayProgress>(QUERIES.progress), isIt);
    await reaches('some dead letters to be sent back', ({ replayed }) => replayed > 0);
    const by = () => ({
      decisionId: randomUUID(),
      actor: 'lee',
      reason: 'the shop opens',
      at: new Date().toISOString(),
    });
    await workflow.signal(SIGNALS.pause, by());
    const { replayed } = await reaches('a pause', ({ state }) => state === 'PAUSED');
    await workflow.signal(SIGNALS.resume, by());
    await reaches('it to go on', (progress) => progress.replayed > replayed);
    await workflow.signal(SIGNALS.cancel, by());
    return endsAs(workflow, 'CANCELLED', ({ steered }) => steered.length === 3);
  },
};

/** So many dead letters of a code of their own; the first and the last have no value, which can't be sent back. */
async function deadLetters({ db }: OrderHarness, count: number): Promise<string> {
  const code = `CODE_${randomUUID()}`;
  const deadAt = new Date();
  const deadLetters = Array.from({ length: count }, (_, index): IndexedDeadLetter => {
    const hasValue = index > 0 && index < count - 1;
    return {
      ...{ topic: code, partition: 0, offset: String(index), deadAt, code, message: null },
      ...{ originTopic: TOPICS.couponIssue, originPartition: 0, originOffset: String(index), originAt: null },
      ...{ key: null, value: hasValue ? Buffer.from('{}') : null, headers: {}, exceptionHeaders: {} },
      ...{ eventId: null, orderId: null, requestId: null, consumerGroup: null },
      ...{ replayCount: 0, decisionId: null, releaseToken: null },
    };
  });
  await indexDeadLetters(db, deadLetters);
  return code;
}

async function endsAs(
  workflow: ReturnType<OrderHarness['handle']>,
  state: ReplayProgress['state'],
  isIt: (progress: ReplayProgress) => boolean,
) {
  const progress = (await workflow.result()) as ReplayProgress;
  if (progress.state !== state || !isIt(progress)) throw new Error(`ended as ${JSON.stringify(progress)}`);
  return { letters: workflow.workflowId };
}
