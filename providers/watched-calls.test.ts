import {
  CredentialsRefused,
  KeyClosed,
  OutcomeUnknown,
  ProviderRefused,
  ProviderUnavailable,
  RequestRejected,
} from './errors';
import type { Providers } from './sandbox-http';
import { type WatchedCall, watchCalls } from './watched-calls';

describe('a watched call', () => {
  const seen: WatchedCall[] = [];
  let outcome: () => Promise<unknown>;
  const confirm = () => outcome();
  const given = { payment: { confirm }, carrier: {}, warehouse: {} } as unknown as Providers;
  const { payment } = watchCalls(given, (call) => seen.push(call));

  beforeEach(() => seen.splice(0));

  test.each([
    ['done', { status: 'captured' }],
    ['refused', { status: 'declined', code: 'CARD_DECLINED' }],
  ])('that gets a response is %s', async (expected, response) => {
    outcome = () => Promise.resolve(response);
    expect(await payment.confirm('ref')).toBe(response);
    expect(seen).toEqual([
      { provider: 'payment', operation: 'confirm', outcome: expected, ms: expect.any(Number) as number },
    ]);
  });

  test.each([
    ['refused', new ProviderRefused('CARD_DECLINED', 'no')],
    ['closed', new KeyClosed('closed')],
    ['unavailable', new ProviderUnavailable('no response')],
    ['unknown', new OutcomeUnknown('sent')],
    ['credentials', new CredentialsRefused('401')],
    ['rejected', new RequestRejected('AMOUNT_TOO_SMALL', 'no')],
    ['ended', new DOMException('cancelled', 'AbortError')],
  ])('that throws is %s', async (expected, error) => {
    outcome = () => Promise.reject(error);
    await expect(payment.confirm('ref')).rejects.toBe(error);
    expect(seen).toMatchObject([{ outcome: expected }]);
  });
});
