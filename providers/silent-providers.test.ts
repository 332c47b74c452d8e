import { ProviderRefused, ProviderUnavailable } from './errors';
import type { Providers } from './sandbox-http';
import { SilentProviders } from './silent-providers';
import { watchCalls } from './watched-calls';

describe('the providers that a worker finds silent', () => {
  let outcome: () => Promise<unknown>;
  let now = 0;
  const silent = new SilentProviders(() => now);
  const lookup = () => outcome();
  const given = { payment: {}, carrier: { lookup }, warehouse: {} } as unknown as Providers;
  const { carrier } = watchCalls(given, (call) => silent.note(call));
  const call = () => carrier.lookup('7:shipment:1').catch(() => undefined);

  beforeEach(async () => {
    outcome = () => Promise.reject(new ProviderUnavailable('no response'));
    await call();
    expect(silent.names).toEqual(['carrier']);
  });

  test.each([
    ['gives a response', () => Promise.resolve({ status: 'none' })],
    ['says no', () => Promise.reject(new ProviderRefused('SHIPMENT_REFUSED', 'no'))],
  ])('one is no longer named once it %s', async (_, response) => {
    outcome = response;
    await call();
    expect(silent.names).toEqual([]);
  });

  test('one that nobody has called for a minute is no longer named', () => {
    now += 60_000;
    expect(silent.names).toEqual([]);
  });
});
