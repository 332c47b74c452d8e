import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { ApiClient } from '../../client/client';
import type { TimelineView } from '../../contracts/responses/common';
import { Fixture } from '../support/fixture';
import { metric } from '../support/metrics';
import { until } from '../support/until';

const PAID = ['CREATED', 'PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'PREPARING'];

describe('an order can be watched live', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();

  test('by server-sent events, which resume after the last one seen', async () => {
    const { orderId } = await shop.payableOrder();
    const events = readEvents(orderId, {});
    await shop.pay(orderId);
    const seen = await takeUntil(events, 'PREPARING');
    expect(statuses(seen)).toEqual(PAID);

    const half = seen[Math.floor(seen.length / 2)] as TimelineView;
    const resumed = await takeUntil(readEvents(orderId, { 'last-event-id': String(half.id) }), 'PREPARING');
    expect(resumed).toEqual(seen.filter((event) => event.id > half.id));
  });

  test('in the order of its times, whichever process and clock an entry comes from', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    const seen = await takeUntil(readEvents(orderId, {}), 'COMPLETED');
    const times = seen.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(10);
    expect(times).toEqual([...times].sort());
  });

  test('at another api process than the one that takes the requests', async () => {
    const another = await fixture.another('api', shop.system);
    const { orderId } = await shop.payableOrder();
    const api = new ApiClient({ address: another.url, token: await shop.token() });
    const seen = takeUntil(api.events(orderId), 'PREPARING');
    await shop.pay(orderId);
    expect(statuses(await seen)).toEqual(PAID);
  });

  test('by the WebSocket that the 202 names', async () => {
    const { orderId } = await shop.payableOrder();
    const response = await shop.pay(orderId);
    const topic = response.body.data.websocketTopic as string;
    const socket = new WebSocket(`${shop.system.api.replace('http', 'ws')}${topic}`, {
      headers: { authorization: `Bearer ${await shop.token()}` },
    });
    const seen: TimelineView[] = [];
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data) => {
        seen.push(JSON.parse(String(data)) as TimelineView);
        if (seen.at(-1)?.data.to === 'PREPARING') resolve();
      });
    });
    socket.close();
    expect(statuses(seen)).toEqual(PAID);
  });

  test("but not another's", async () => {
    const { orderId } = await shop.payableOrder();
    const token = await shop.token('thief@example.com');
    const socket = new WebSocket(
      `${shop.system.api.replace('http', 'ws')}/topic/order/${orderId}?access_token=${token}`,
    );
    const refusal = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(refusal.message).toContain('404');
  });

  test('by its customer without what operators wrote and who they are, which operators see', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.signal(orderId, 'compensate', 'nonsense');
    await shop.signal(orderId, 'compensate', { reason: 'a word among colleagues', actor: 'lee@example.com' });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    const isLast = (event: TimelineView) => event.type === 'notice' && event.data.code === 'CANCELLED_BY_OPERATOR';
    const text = async (token: string) => {
      const seen: TimelineView[] = [];
      for await (const event of readEvents(orderId, { authorization: `Bearer ${token}` })) {
        seen.push(event);
        if (isLast(event)) break;
      }
      return JSON.stringify(seen);
    };
    const customers = await text(await shop.token());
    expect(customers).toContain('CANCELLED_BY_OPERATOR');
    expect(customers).not.toMatch(/colleagues|lee@example|expected \{/);
    const operators = await text(await shop.operatorToken());
    expect(operators).toContain('a word among colleagues');
    expect(operators).toMatch(/expected \{/);
  });

  test('by readers of whom nothing is left when they have gone, however soon', async () => {
    const { orderId } = await shop.payableOrder();
    const { hostname, port } = new URL(shop.system.api);
    const request = `GET /api/orders/${orderId}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await shop.token()}\r\n\r\n`;
    for (let reader = 0; reader < 100; reader++) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(request, () => socket.destroy());
      await once(socket, 'close');
    }
    await until(
      'their streams to be closed',
      () => metric(shop.system.api, 'ordersaga_open_streams', { kind: 'sse' }),
      (open) => open === 0,
    );
  });

  test('by a reader that reads too slowly only until it is dropped, with the reason', async () => {
    const { orderId } = await shop.payableOrder();
    const dropped = () => metric(shop.system.api, 'ordersaga_streams_dropped_total');
    const before = await dropped();
    const { hostname, port } = new URL(shop.system.api);
    const socket = connect(Number(port), hostname);
    const token = await shop.operatorToken();
    socket.write(`GET /api/orders/${orderId}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
    await once(socket, 'readable');
    // More than the kernel keeps for it; each round is read from the database after the one before.
    await until(
      'the reader to be dropped',
      async () => {
        await shop
          .db('timeline')
          .insert({ order_id: orderId, type: 'notice', data: { filler: 'x'.repeat(4_000_000) } });
        await wakeFeed(orderId, token);
        return dropped();
      },
      (count) => count > before,
    );
    let text = '';
    for await (const chunk of socket) {
      text = `${text}${String(chunk)}`.slice(-1_000);
      if (text.includes('SLOW_READER')) break;
    }
    expect(text).toMatch(/event: dropped\ndata: \{"reason":"SLOW_READER"\}\n\n/);
  });

  /** A reader that joins has the order's feed read. */
  async function wakeFeed(orderId: number, token: string): Promise<void> {
    const response = await fetch(`${shop.system.api}/api/orders/${orderId}/events?lastEventId=9007199254740991`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
  }

  async function* readEvents(orderId: number, headers: Record<string, string>): AsyncGenerator<TimelineView> {
    const api = new ApiClient({ address: shop.system.api, token: await shop.token() });
    yield* api.events(orderId, { headers });
  }
});

async function takeUntil(events: AsyncGenerator<TimelineView>, status: string): Promise<TimelineView[]> {
  const seen: TimelineView[] = [];
  for await (const event of events) {
    seen.push(event);
    if (event.data.to === status) break;
  }
  return seen;
}

function statuses(events: readonly TimelineView[]): unknown[] {
  return events.filter((event) => event.type === 'status').map((event) => event.data.to);
}
