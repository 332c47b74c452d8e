import { createLogger } from '../../observability/logger';
import { Metrics } from '../../observability/metrics';
import type { Kafka, PartitionLag } from '../client/kafka-port';
import { watchLag } from './lag-watch';

const SECOND = 1_000;

describe('the watch of how far consumers are behind', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const close = jest.fn(async () => undefined);
  const watch = (topics: readonly string[], lag: (topic: string) => Promise<PartitionLag[]>) =>
    watchLag({
      kafka: { admin: async () => ({ lag: (_: string, topic: string) => lag(topic), close }) } as unknown as Kafka,
      metrics: new Metrics('bridge'),
      logger: createLogger('lag', 'silent'),
      sources: topics.map((topic) => ({ groupId: 'group', topics: [topic] })),
      isIdle: () => true,
    });

  test('stops with the topic at hand, and asks for no further', async () => {
    const asked: string[] = [];
    let respond: (lags: PartitionLag[]) => void = () => undefined;
    const watching = await watch(['first', 'second'], (topic) => {
      asked.push(topic);
      return new Promise((resolve) => {
        respond = resolve;
      });
    });
    await jest.advanceTimersByTimeAsync(10 * SECOND);
    const stopping = watching.stop();
    expect(close).not.toHaveBeenCalled();
    respond([]);
    await stopping;
    expect([asked, close.mock.calls.length]).toEqual([['first'], 1]);
  });

  test('reports a partition that does not move, however slowly others respond', async () => {
    let lag = 0;
    const watching = await watch(['ours', 'slow'], async (topic) => {
      if (topic === 'ours') return [{ partition: 0, committed: '7', lag }];
      await new Promise((resolve) => setTimeout(resolve, 150 * SECOND));
      throw new Error('no response');
    });
    const failed = jest.fn();
    watching.failed.catch(failed);
    await jest.advanceTimersByTimeAsync(100 * SECOND);
    lag = 1;
    await jest.advanceTimersByTimeAsync(100 * SECOND);
    // Behind since less than a round: it may be taken any moment.
    expect(failed).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(300 * SECOND);
    expect(failed).toHaveBeenCalledWith(new Error('ours-0 is 1 behind and not being read'));
    const stopped = watching.stop();
    await jest.advanceTimersByTimeAsync(150 * SECOND);
    await stopped;
  });
});
