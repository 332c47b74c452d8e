import { Fixture } from '../support/fixture';
import { findPropertyFaults } from '../support/schemathesis';

/** More by hand: `PROPERTY_EXAMPLES=200 npm test -- api-properties`; `PROPERTY_SEED` draws others. */
const EXAMPLES = Number(process.env.PROPERTY_EXAMPLES ?? 5);
const SEED = Number(process.env.PROPERTY_SEED ?? 14);
/** The order of the documented examples. */
const EXAMPLE_ORDER = 17;

jest.setTimeout(600_000);

describe('the API, asked at random by its own document', () => {
  const fixture = new Fixture();
  // What an operator can do to it is done.
  const system = fixture.system('properties');
  const shop = fixture.shop(system);

  test('has no fault of its own, and no response that is not documented', async () => {
    const sku = await shop.product(100);
    for (let orderId = 0; orderId < EXAMPLE_ORDER; ) orderId = await shop.order(sku);
    const faults = await findPropertyFaults({
      api: shop.system.api,
      token: await shop.operatorToken(),
      maxExamples: EXAMPLES,
      seed: SEED,
      // It ends when its reader goes.
      except: ['/api/orders/{orderId}/events'],
    });
    expect(faults ?? 'none').toBe('none');
  });
});
