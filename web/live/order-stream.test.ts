import { OrderStream } from './order-stream';

class FakeSource {
  readyState = 0;
  isClosed = false;
  private readonly listeners = new Map<string, (event: { readonly data?: unknown }) => void>();

  constructor(readonly afterId: number) {}

  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.isClosed = true;
  }

  emit(type: string, data?: string): void {
    this.listeners.get(type)?.({ data });
  }

  opens(): void {
    this.readyState = 1;
    this.emit('open');
  }

  sends(...ids: number[]): void {
    for (const id of ids) this.emit('status', JSON.stringify({ id, at: '', type: 'status', data: {} }));
  }

  /** The server's response is no stream. */
  isRefused(): void {
    this.readyState = 2;
    this.emit('error');
  }

  loses(): void {
    this.readyState = 0;
    this.emit('error');
  }
}

function harness(mayResume: () => Promise<boolean> = async () => true) {
  const sources: FakeSource[] = [];
  const onNews = jest.fn();
  const open = (afterId: number) => {
    const source = new FakeSource(afterId);
    sources.push(source);
    return source;
  };
  const stream = new OrderStream({ open, mayResume, onNews });
  const last = () => {
    const source = sources.at(-1);
    if (!source) throw new Error('nothing was opened');
    return source;
  };
  const ids = () => stream.state().entries.map(({ id }) => id);
  return { stream, sources, onNews, last, ids };
}

const LONG_MS = 60_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a stream that was refused is opened again after the last entry: no gap, no repeat', async () => {
  const { stream, sources, last, ids } = harness();
  stream.connect();
  last().opens();
  last().sends(1, 2, 3);
  last().isRefused();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(sources.map(({ afterId }) => afterId)).toEqual([0, 3]);
  last().opens();
  last().sends(3, 4);
  expect(ids()).toEqual([1, 2, 3, 4]);
  expect(stream.state().connection).toBe('LIVE');
});

test('a reader that was dropped as too slow comes back after what it has', async () => {
  const { stream, sources, last } = harness();
  stream.connect();
  last().opens();
  last().sends(7);
  last().emit('dropped', '{"reason":"SLOW_READER"}');
  expect(sources[0]?.isClosed).toBe(true);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(sources.map(({ afterId }) => afterId)).toEqual([0, 7]);
});

test('where the session has ended, nothing is tried again', async () => {
  const { stream, sources, last } = harness(async () => false);
  stream.connect();
  last().isRefused();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(stream.state().connection).toBe('ENDED');
  expect(sources).toHaveLength(1);
});

test('signed in again, it goes on where it was', async () => {
  const { stream, last, ids } = harness(async () => false);
  stream.connect();
  last().opens();
  last().sends(1);
  last().isRefused();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  stream.connect();
  expect(last().afterId).toBe(1);
  last().opens();
  expect(stream.state().connection).toBe('LIVE');
  expect(ids()).toEqual([1]);
});

test('the browser reconnects by itself; only what takes longer is an interruption, and all is read anew after it', async () => {
  const { stream, sources, last, onNews } = harness();
  stream.connect();
  last().opens();
  last().loses();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(stream.state().connection).toBe('LIVE');
  await jest.advanceTimersByTimeAsync(1_000);
  expect(stream.state().connection).toBe('INTERRUPTED');
  expect(onNews).not.toHaveBeenCalled();
  last().opens();
  expect(stream.state().connection).toBe('LIVE');
  expect(onNews).toHaveBeenCalledTimes(1);
  expect(sources).toHaveLength(1);
});

test('the network is back: it connects at once, and the old connection says nothing more', async () => {
  const { stream, sources, last, ids } = harness();
  stream.connect();
  last().opens();
  stream.interrupt();
  expect(stream.state().connection).toBe('INTERRUPTED');
  stream.connect();
  expect(sources).toHaveLength(2);
  sources[0]?.sends(1);
  sources[0]?.isRefused();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(sources).toHaveLength(2);
  expect(ids()).toEqual([]);
});

test('what fails again and again is tried less and less often', async () => {
  const { stream, sources } = harness();
  stream.connect();
  const opened: number[] = [];
  for (let second = 0; second < 120; second += 1) {
    sources.at(-1)?.isRefused();
    await jest.advanceTimersByTimeAsync(1_000);
    opened.push(sources.length);
  }
  expect(sources.length).toBeLessThan(13);
  expect((opened[59] ?? 0) - (opened[0] ?? 0)).toBeGreaterThan((opened[119] ?? 0) - (opened[59] ?? 0));
});

test('a page that is left opens nothing more, also while it finds out whether it may', async () => {
  let respond: (mayResume: boolean) => void = () => undefined;
  const { stream, sources, last } = harness(() => new Promise((resolve) => (respond = resolve)));
  stream.connect();
  last().isRefused();
  await jest.advanceTimersByTimeAsync(LONG_MS);
  stream.stop();
  respond(true);
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(sources).toHaveLength(1);
});

test('a connection that is silent for longer than its heartbeats is dead, and another one is opened', async () => {
  const { stream, sources, last } = harness();
  stream.connect();
  last().opens();
  last().sends(1, 2);
  for (let beat = 0; beat < 10; beat += 1) {
    await jest.advanceTimersByTimeAsync(15_000);
    last().emit('heartbeat', '{}');
  }
  expect(sources).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(45_000);
  expect(sources).toHaveLength(2);
  expect([sources[0]?.isClosed, last().afterId, stream.state().connection]).toEqual([true, 2, 'INTERRUPTED']);
  stream.stop();
});
