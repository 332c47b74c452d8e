import type { Order } from '../db/orders';
import { OrderStatuses, type SeenStatus } from './order-statuses';

/** Looks that the test ends, in the order in which they began. */
function held() {
  const begun: { readonly orderId: number; end(status: string): void; fail(error: Error): void }[] = [];
  const statuses = new OrderStatuses({
    findOrder: async (id) => (id === 404 ? undefined : ({ id, userId: 'kim' } as Order)),
    see: ({ id }) =>
      new Promise<SeenStatus>((resolve, reject) => {
        const end = (status: string) => resolve({ view: { status } as SeenStatus['view'], source: 'workflow' });
        begun.push({ orderId: id, end, fail: reject });
      }),
  });
  const ask = async (orderId: number) => (await statuses.of(orderId, (order) => order as Order)).view.status;
  return { statuses, begun, ask };
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the statuses of orders', () => {
  let now = 0;
  beforeEach(() => {
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => jest.restoreAllMocks());

  test('readers of one order share one look, and it serves 250 ms more', async () => {
    const { begun, ask } = held();
    const readers = [ask(7), ask(7), ask(7)];
    await settle();
    now += 400;
    begun[0]?.end('CREATED');
    expect(await Promise.all(readers)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    now += 249;
    expect(await ask(7)).toBe('CREATED');
    now += 1;
    const later = ask(7);
    await settle();
    begun[1]?.end('CANCELLED');
    expect([await later, begun.length]).toEqual(['CANCELLED', 2]);
  });

  test('after a change nobody is given what was seen before it, or is being seen since before it', async () => {
    const { statuses, begun, ask } = held();
    const before = ask(7);
    await settle();
    statuses.forget(7);
    const after = ask(7);
    await settle();
    begun[0]?.end('CREATED');
    begun[1]?.end('CANCELLED');
    expect([await before, await after, await ask(7)]).toEqual(['CREATED', 'CANCELLED', 'CANCELLED']);
    statuses.forgetAll();
    void ask(7);
    await settle();
    expect(begun).toHaveLength(3);
  });

  test('a failure is not kept', async () => {
    const { begun, ask } = held();
    const readers = [ask(7), ask(7)].map((reader) => expect(reader).rejects.toThrow('no database'));
    await settle();
    begun[0]?.fail(new Error('no database'));
    await Promise.all(readers);
    const next = ask(7);
    await settle();
    begun[1]?.end('CREATED');
    expect(await next).toBe('CREATED');
  });

  test("one order's slow look does not hold up another's", async () => {
    const { begun, ask } = held();
    void ask(7);
    const other = ask(8);
    await settle();
    begun.find(({ orderId }) => orderId === 8)?.end('CREATED');
    expect(await other).toBe('CREATED');
  });

  test('a stranger is refused, has nothing looked up, and leaves nothing for the owner', async () => {
    const { statuses, begun, ask } = held();
    const refuse = (): never => {
      throw new Error('ORDER_NOT_FOUND');
    };
    await expect(statuses.of(7, refuse)).rejects.toThrow('ORDER_NOT_FOUND');
    await expect(statuses.of(404, refuse)).rejects.toThrow('ORDER_NOT_FOUND');
    expect(begun).toEqual([]);
    const owner = ask(7);
    await settle();
    begun[0]?.end('CREATED');
    expect(await owner).toBe('CREATED');
    await expect(statuses.of(7, refuse)).rejects.toThrow('ORDER_NOT_FOUND');
    expect(await ask(7)).toBe('CREATED');
    expect(begun).toHaveLength(1);
  });

  test('at most 10,000 are remembered, the oldest forgotten first', async () => {
    const { begun, ask } = held();
    const readers = Array.from({ length: 10_001 }, (_, index) => ask(index + 1_000));
    await settle();
    for (const look of begun) look.end('CREATED');
    await Promise.all(readers);
    expect(await ask(11_000)).toBe('CREATED');
    expect(begun).toHaveLength(10_001);
    void ask(1_000);
    await settle();
    expect(begun).toHaveLength(10_002);
  });
});
