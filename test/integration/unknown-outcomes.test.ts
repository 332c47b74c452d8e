import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';

describe('an unknown outcome is looked up, not guessed:', () => {
  const shop = new Fixture().shop();

  test.each(['tok_timeout_after_charge', 'tok_timeout_before_charge'])('%s is charged exactly once', async (token) => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token });
    await shop.reaches(orderId, 'PREPARING');
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    await expectLedgersToBalance(shop, orderId);
  });

  test('a parcel whose answer was lost is ordered once', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:ship_timeout_after' });
    await shop.reaches(orderId, 'PREPARING');
    const parcels = (await (
      await fetch(`${shop.system.sandbox}/carrier/shipments?orderId=${orderId}`)
    ).json()) as unknown[];
    expect(parcels).toHaveLength(1);
    await expectLedgersToBalance(shop, orderId);
  });
});
