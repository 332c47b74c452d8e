import type { ProviderName, ProviderOperation } from '../../contracts/provider-api';
import { payableOrders } from '../support/burst';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

const ORDERS = 48;
/** Printed by what fails, so that it can be played again. */
const SEED = 20_261_127;

const OPERATIONS: readonly (readonly [ProviderName, ProviderOperation])[] = [
  ['payment', 'open'],
  ['payment', 'confirm'],
  ['payment', 'lookup'],
  ['payment', 'close'],
  ['carrier', 'create'],
  ['carrier', 'lookup'],
  ['carrier', 'cancel'],
  ['warehouse', 'store'],
  ['warehouse', 'lookup'],
  ['warehouse', 'cancel'],
];
const STATUSES = [undefined, 200, 302, 401, 403, 404, 409, 429, 500, 503] as const;
const BODIES = ['', '<html>', '{}', '{"error":"no such route"}'] as const;

/** Mulberry32: the same seed, the same lies. */
function drawing(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return <Value>(values: readonly Value[]): Value => values[Math.floor(next() * values.length)] as Value;
}

jest.setTimeout(240_000);

describe(`a gateway that lies about every provider, at random (seed ${SEED})`, () => {
  const shop = new Fixture().shop();

  test('leaves no order undecided, no money astray and no parcel that nobody paid', async () => {
    const draw = drawing(SEED);
    const orderIds = await payableOrders(shop, ORDERS);
    for (const orderId of orderIds) {
      // Two or three of an order's calls meet a lie or two, each another one.
      for (const _ of draw([
        [1, 2],
        [1, 2, 3],
      ])) {
        const [provider, operation] = draw(OPERATIONS);
        const status = draw(STATUSES);
        await shop.providers.gateway(provider, {
          orderId,
          operation,
          ...(status === undefined ? {} : { status, body: draw(BODIES) }),
          when: draw(['before', 'after'] as const),
          times: draw([1, 2, 3]),
        });
      }
    }
    for (const [index, orderId] of orderIds.entries()) {
      // Some whose warehouse refuses, so that undos meet lies, too.
      const recipientName = index % 4 === 0 ? 'fault:store_refused' : 'Kim Minji';
      await shop.pay(orderId, { recipientName, warehouseStorage: index % 2 === 0 });
    }
    await until(
      'every order to be settled, or to wait for its customer or its carrier',
      () => shop.db('orders').whereIn('id', orderIds).whereNotIn('saga_state', ['SETTLED', 'WAITING']).pluck('id'),
      (left) => left.length === 0,
      180_000,
    );
    await until(
      'no request to be open',
      () =>
        shop
          .db('processing_requests')
          .whereIn('order_id', orderIds)
          .whereIn('state', ['PENDING', 'RUNNING'])
          .pluck('order_id'),
      (left) => left.length === 0,
      180_000,
    );
    for (const orderId of orderIds) await expectLedgersToBalance(shop, orderId);
    const refused = (await shop
      .db('timeline')
      .whereIn('order_id', orderIds)
      .where({ type: 'request' })
      .whereRaw(`data->>'kind' = 'DECLINED'`)
      .pluck('data')) as unknown[];
    expect(refused).toEqual([]);
    // A machine that stalls can use up the retries of an order; nothing else may be left for a person.
    const waiting = await shop
      .db('operator_items')
      .whereIn('order_id', orderIds)
      .where({ state: 'OPEN' })
      .whereNot({ kind: 'DEAD_LETTER' });
    expect(waiting).toEqual([]);
  });
});
