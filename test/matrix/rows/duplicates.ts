import { createHmac, randomUUID } from 'node:crypto';
import { CARRIER_SIGNATURE_HEADER } from '../../../contracts/provider-api';
import { payBody } from '../../support/shop';
import { until } from '../../support/until';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { recordsOf } from '../witness/topics';
import { sideBySide } from './side-by-side';

const COPIES = 100;
const AT_ONCE = 10;
const WITHIN_MS = 120_000;

export const duplicates: Row = {
  name: 'duplicates',
  title: 'the same request, record, webhook or signal a hundred times',
  times: 100,
  small: 4,
  invariants: ['I2', 'I5'],
  isOfOrders: true,
  async run(stage, times) {
    const by = Object.keys(WAYS) as (keyof typeof WAYS)[];
    await sideBySide(stage, drawPairwise(stage.random, { by }, times), 6, async (one) => {
      const what = await WAYS[one.by](stage);
      stage.injected({ fault: `${one.by}, ${COPIES} times`, what });
    });
  },
};

/** Each sends its copies to one order, and says which. */
const WAYS = {
  'HTTP payment': async (stage: Stage) => {
    const orderId = await stage.customers.order();
    const key = await copiesOfRequest(stage, `/api/orders/${orderId}/process-payment-shipment`, payBody());
    await stage.watch.untilRests(orderId);
    await expectOneRequest(stage, orderId);
    return `order ${orderId}, Idempotency-Key ${key}`;
  },

  'Kafka record of a payment': async (stage: Stage) => {
    const orderId = await stage.customers.order();
    await stage.customers.pay(orderId);
    const topic = 'order-processing-topic';
    const record = (await recordsOf(stage.outside, [topic])).find(({ key }) => String(key) === String(orderId));
    if (!record?.value) throw new Error(`${topic} has no record of order ${orderId}`);
    await copiesOfRecord(stage, topic, String(orderId), record.value);
    await expectOneRequest(stage, orderId);
    return `order ${orderId}, record ${record.partition}/${record.offset}`;
  },

  webhook: async (stage: Stage) => {
    const orderId = await stage.customers.order();
    await stage.customers.pay(orderId);
    const event = await scanOf(stage, orderId);
    const body = JSON.stringify({ ...event, eventCreatedAt: new Date().toISOString(), schemaVersion: 1, orderId });
    const { api, webhookSecret } = stage.shop.system;
    const signature = `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`;
    await copies(async () => {
      const response = await fetch(`${api}/webhooks/carrier`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [CARRIER_SIGNATURE_HEADER]: signature },
        body,
      });
      if (response.status !== 202) throw new Error(`webhook: ${response.status} ${await response.text()}`);
    });
    await untilMoved(stage, orderId);
    return `order ${orderId}, event ${event.eventId}`;
  },

  'signal of a payment': async (stage: Stage) => {
    const orderId = await stage.customers.order();
    await stage.customers.askToPay(orderId);
    const [request] = await stage.outside.rows<{ event_id: string; retry_count: number }>(
      'select event_id, retry_count from processing_requests where order_id = $1',
      [orderId],
    );
    if (!request) throw new Error(`order ${orderId} has no request`);
    const signal = { eventId: request.event_id, retryCount: request.retry_count };
    await copiesOfSignal(stage, orderId, 'paymentRequested', signal);
    await stage.watch.untilRests(orderId);
    await expectOneRequest(stage, orderId);
    return `order ${orderId}, event ${signal.eventId}`;
  },

  'HTTP order': async (stage: Stage) => {
    const body = { lines: [{ sku: await stage.shop.product(100), quantity: 1 }] };
    const made = new Set<number>();
    const key = await copiesOfRequest(stage, '/api/orders', body, (data) => made.add(Number(data.orderId)));
    stage.customers.orderIds.push(...made);
    if (made.size !== 1) stage.problems.push(`one key made the orders ${[...made].join()}`);
    return `order ${[...made].join()}, Idempotency-Key ${key}`;
  },

  'HTTP cancel': async (stage: Stage) => {
    const orderId = await stage.customers.order(await stage.customers.coupon());
    await stage.customers.pay(orderId);
    const key = await copiesOfRequest(stage, `/api/orders/${orderId}/cancel`, { reason: 'no more' });
    await stage.watch.untilRests(orderId, ({ status }) => status === 'CANCELLED');
    return `order ${orderId}, Idempotency-Key ${key}`;
  },

  'HTTP refund': async (stage: Stage) => {
    const orderId = await stage.customers.order();
    await stage.customers.pay(orderId, { warehouseStorage: true });
    const key = await copiesOfRequest(stage, `/api/orders/${orderId}/refund`, { reason: 'no more' });
    await stage.watch.untilRests(orderId, ({ status }) => status === 'REFUNDED');
    return `order ${orderId}, Idempotency-Key ${key}`;
  },

  'Kafka record of an order': async (stage: Stage) => {
    const orderId = await stage.customers.place();
    const topic = 'stock.decrease.requested';
    const [row] = await stage.outside.rows<{ value: string }>(
      'select value from outbox where topic = $1 and key = $2',
      [topic, String(orderId)],
    );
    if (!row) throw new Error(`order ${orderId} has no outbox row`);
    await copiesOfRecord(stage, topic, String(orderId), Buffer.from(row.value));
    await stage.watch.untilRests(orderId);
    return `order ${orderId}, ${topic}`;
  },

  'signal of a shipment': async (stage: Stage) => {
    const orderId = await stage.customers.order();
    await stage.customers.pay(orderId);
    const event = await scanOf(stage, orderId);
    await copiesOfSignal(stage, orderId, 'shipmentUpdated', event);
    await untilMoved(stage, orderId);
    return `order ${orderId}, event ${event.eventId}`;
  },
} as const;

/** Does it a hundred times, ten at a time. */
async function copies(send: () => Promise<unknown>): Promise<void> {
  for (let sent = 0; sent < COPIES; sent += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, send));
}

/** Under one Idempotency-Key, which it returns; `see` is shown each response that is no refusal. */
async function copiesOfRequest(
  { shop }: Stage,
  path: string,
  body: object,
  see: (data: Record<string, unknown>) => void = () => undefined,
): Promise<string> {
  const key = randomUUID();
  await copies(async () => {
    const response = await shop.call('POST', path, { body, headers: { 'idempotency-key': key } });
    if (response.status < 300) see(response.body.data);
    else if (response.body.code !== 'IDEMPOTENCY_IN_FLIGHT')
      throw new Error(`${path}: ${response.status} ${response.body.code}`);
  });
  return key;
}

async function copiesOfRecord({ outside }: Stage, topic: string, key: string, value: Buffer): Promise<void> {
  const producer = outside.kafka.producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages: Array.from({ length: COPIES }, () => ({ key, value })) });
  } finally {
    await producer.disconnect();
  }
}

async function copiesOfSignal({ outside }: Stage, orderId: number, name: string, input: object): Promise<void> {
  const { workflow } = await outside.temporal();
  const handle = workflow.getHandle(`order-${orderId}`);
  await copies(() => handle.signal(name, input));
}

/** The first scan of the order's parcel, as the carrier reports it. */
async function scanOf({ shop }: Stage, orderId: number) {
  const [parcel] = await shop.providers.parcels(orderId);
  if (!parcel) throw new Error(`order ${orderId} has no parcel`);
  return { eventId: randomUUID(), status: 'SHIPMENT_STARTED', trackingNumber: parcel.trackingNumber };
}

async function untilMoved({ outside }: Stage, orderId: number): Promise<void> {
  await until(
    `order ${orderId} to be on its way`,
    () => outside.rows<{ status: string }>('select status from orders where id = $1', [orderId]),
    ([order]) => order?.status === 'SHIPMENT_STARTED',
    WITHIN_MS,
  );
}

async function expectOneRequest({ outside, problems }: Stage, orderId: number): Promise<void> {
  const requests = await outside.rows('select from processing_requests where order_id = $1', [orderId]);
  if (requests.length !== 1) problems.push(`order ${orderId} has ${requests.length} requests of one`);
}
