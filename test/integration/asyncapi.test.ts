import Ajv from 'ajv/dist/2020';
import { TOPICS, type Topic } from '../../contracts/topics';
import { Fixture } from '../support/fixture';

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: object; readonly examples: { readonly payload: object }[] }>
    >;
  };
}

describe('the AsyncAPI document', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker(Object.values(TOPICS));
  const documented = async () => (await (await fetch(`${shop.system.api}/asyncapi.json`)).json()) as AsyncApi;

  test('describes the records that are really on the topics', async () => {
    const { channels, components } = await documented();
    const ajv = new Ajv({ strict: false });
    const faultsOf = (topic: string, event: unknown) => {
      const { payload } = components.messages[topic] as { payload: object };
      return ajv.validate(payload, event) ? [] : (ajv.errors ?? []);
    };

    const code = await shop.issuedCoupon();
    const sku = await shop.product(1);
    const orderId = await shop.order(sku, 1, code);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await shop.providers.outage(orderId, 'unavailable', 'payment');
    await shop.pay(orderId);
    const short = await shop.order(sku);
    await broker.untilEvents(TOPICS.orderRetry, orderId, 1);
    await shop.providers.endFaults('payment', orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING', 60_000);
    await shop.reaches(short, 'CANCELLED', 'SETTLED');
    await broker.publish(TOPICS.shipmentStatus, { orderId, status: 'DELIVERED' });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    const request = await shop.db('coupon_requests').where({ code }).first('request_id');

    const keys: Readonly<Record<Topic, string>> = {
      'stock.decrease.requested': String(orderId),
      'stock.decrease.failed': String(short),
      'order-processing-topic': String(orderId),
      'order-retry-topic': String(orderId),
      'shipment.status': String(orderId),
      'order.status.changed': String(orderId),
      'coupon.issue': request.request_id,
      'coupon.issued': request.request_id,
    };
    expect(
      Object.values(channels)
        .map(({ address }) => address)
        .sort(),
    ).toEqual(Object.keys(keys).sort());
    for (const [topic, key] of Object.entries(keys)) {
      const records = await broker.untilRecords(topic, [key]);
      for (const { value } of records) {
        const event = JSON.parse(String(value)) as object;
        expect([topic, faultsOf(topic, event)]).toEqual([topic, []]);
        expect([topic, faultsOf(topic, { ...event, eventId: 17 })]).not.toEqual([topic, []]);
      }
      for (const { payload } of components.messages[topic]?.examples ?? [])
        expect([topic, faultsOf(topic, payload)]).toEqual([topic, []]);
      expect(components.messages[topic]?.examples).toHaveLength(1);
    }
  });
});
