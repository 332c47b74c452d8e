import { KafkaReach } from './kafka-reach';

describe('whether this process gets through to Kafka', () => {
  let reach: KafkaReach;
  beforeEach(() => {
    jest.useFakeTimers();
    reach = new KafkaReach(() => Promise.resolve());
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** So many attempts that fail, each after so long. */
  function fail(times: number, afterMs: number): void {
    for (let attempt = 0; attempt < times; attempt += 1) {
      const begunAt = performance.now();
      jest.advanceTimersByTime(afterMs);
      reach.failed(begunAt);
      jest.advanceTimersByTime(1);
    }
  }

  it('is lost once attempts have failed for 5 s, the first of them included', async () => {
    fail(1, 4_000);
    expect(reach.isLost()).toBe(false);
    fail(1, 900);
    expect(reach.isLost()).toBe(false);
    fail(1, 100);
    expect(reach.isLost()).toBe(true);
    await expect(reach.check()).rejects.toThrow();
  });

  it('is not, however long one attempt takes, nor several at once: the process may have stood still', () => {
    const begunAt = performance.now();
    jest.advanceTimersByTime(20_000);
    for (let topic = 0; topic < 16; topic += 1) reach.failed(begunAt);
    expect(reach.isLost()).toBe(false);
  });

  it('is there again with the first record that is taken, and when nothing has failed lately', async () => {
    fail(3, 4_000);
    reach.succeeded();
    expect([reach.isFailing(), reach.isLost()]).toEqual([false, false]);
    await reach.check();
    fail(3, 4_000);
    expect(reach.isLost()).toBe(true);
    jest.advanceTimersByTime(15_000);
    expect([reach.isFailing(), reach.isLost()]).toEqual([false, false]);
  });

  it('fails its check while no broker responds, asked once at a time', async () => {
    let asked = 0;
    const silent = new KafkaReach(() => {
      asked += 1;
      return Promise.reject(new Error('no broker'));
    });
    const checks = await Promise.allSettled([silent.check(), silent.check()]);
    expect(checks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toBe(1);
  });
});
