import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CredentialsRefused, KeyClosed, OutcomeUnknown, ProviderUnavailable } from './errors';
import type { PaymentProvider } from './payment';
import { stripePayments } from './stripe';

interface Seen {
  call: string;
  form: Record<string, string>;
  headers: IncomingHttpHeaders;
}
/** A function is called when the request is there, which is never answered. */
interface Response {
  status?: number;
  body?: object | string;
  headers?: Record<string, string>;
}
type Answer = Response | (() => void) | 'no answer' | 'reset';

let server: Server;
let payments: PaymentProvider;
/** For those who get no answer. */
let impatient: PaymentProvider;
let seen: Seen[];
let answers: Record<string, Answer[]>;
let url: string;

beforeAll(async () => {
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const call = `${req.method} ${req.url}`;
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      seen.push({ call, form, headers: req.headers });
      const answer =
        answers[call]?.shift() ?? ({ status: 500, body: { error: { message: `unexpected ${call}` } } } as Response);
      if (answer === 'reset') req.socket.destroy();
      else if (typeof answer === 'function') answer();
      else if (answer !== 'no answer') {
        res.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
        res.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
  answers = {};
  payments = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 10_000, url });
  impatient = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 1_000, url });
});

const OPEN = 'POST /v1/payment_intents';
const READ = 'GET /v1/payment_intents/pi_1';
const CONFIRM = 'POST /v1/payment_intents/pi_1/confirm';
const CANCEL = 'POST /v1/payment_intents/pi_1/cancel';
const REFUND = 'POST /v1/refunds';
const REFUNDS = 'GET /v1/refunds?payment_intent=pi_1&limit=100';
const replayed = { 'idempotent-replayed': 'true' };

const intent = (status: string, more: object = {}): Answer => ({
  body: { id: 'pi_1', object: 'payment_intent', status, amount_received: status === 'succeeded' ? 5000 : 0, ...more },
});
const refunds = (...data: { status: string; amount: number }[]): Answer => ({
  body: {
    ...{ object: 'list', has_more: false },
    data: data.map((refund, i) => ({ id: `re_${i}`, object: 'refund', ...refund })),
  },
});
const refunded = (refund: object): Answer => ({ body: { id: 're_0', object: 'refund', ...refund } });
const failure = (status: number, error: object, headers = {}): Answer => ({ status, body: { error }, headers });
const declinedCard = { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' };
const unexpectedState = { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: 'no' };

describe('open', () => {
  const request = { key: '7:payment:1', orderId: 7, amountMinor: 5000, currency: 'KRW', token: 'pm_card_visa' };

  it('creates an unconfirmed card intent under the business key', async () => {
    answers[OPEN] = [intent('requires_confirmation')];
    expect(await payments.open(request)).toEqual({ ref: 'pi_1' });
    expect(seen[0]?.headers['idempotency-key']).toBe('7:payment:1');
    expect(seen[0]?.headers.authorization).toBe('Bearer sk_test_1');
    expect(seen[0]?.form).toEqual({
      amount: '5000',
      currency: 'krw',
      payment_method: 'pm_card_visa',
      'allowed_payment_method_types[0]': 'card',
      capture_method: 'automatic',
      confirm: 'false',
      'metadata[orderId]': '7',
      'metadata[key]': '7:payment:1',
    });
  });

  it('turns a one-time card token into a payment method', async () => {
    answers[OPEN] = [intent('requires_confirmation')];
    await payments.open({ ...request, token: 'tok_visa' });
    const expected = { 'payment_method_data[type]': 'card', 'payment_method_data[card][token]': 'tok_visa' };
    expect(seen[0]?.form).toMatchObject(expected);
  });

  it('maps what Stripe answers', async () => {
    const missing = { type: 'invalid_request_error', code: 'resource_missing', param: 'payment_method', message: 'no' };
    answers[OPEN] = [
      failure(400, missing),
      failure(400, { type: 'idempotency_error', message: 'other parameters' }),
      failure(400, { type: 'invalid_request_error', code: 'amount_too_small', message: 'no' }),
      failure(401, { type: 'invalid_request_error', message: 'Invalid API Key' }),
      failure(403, { type: 'invalid_request_error', message: 'this key may not' }),
      failure(400, { message: 'bad gateway configuration' }),
      failure(402, { message: 'the plan of this gateway has run out' }),
      failure(404, { type: 'invalid_request_error', code: 'resource_missing', message: 'no such page' }),
      failure(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use', message: 'busy' }),
      failure(429, { code: 'rate_limit', message: 'slow down' }, { 'retry-after': '2' }),
      failure(500, { type: 'api_error', message: 'oops' }),
    ];
    await expect(payments.open(request)).rejects.toMatchObject({ name: 'ProviderRefused', code: 'INVALID_TOKEN' });
    await expect(payments.open(request)).rejects.toMatchObject({ name: 'RequestRejected', code: 'KEY_REUSED' });
    await expect(payments.open(request)).rejects.toMatchObject({ name: 'RequestRejected', code: 'AMOUNT_TOO_SMALL' });
    await expect(payments.open(request)).rejects.toBeInstanceOf(CredentialsRefused);
    await expect(payments.open(request)).rejects.toBeInstanceOf(CredentialsRefused);
    await expect(payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.open(request)).rejects.toMatchObject({ name: 'ProviderUnavailable', retryAfterMs: 2000 });
    await expect(payments.open(request)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(seen).toHaveLength(11);
  });
});

describe('confirm', () => {
  it('captures under a key of its own', async () => {
    answers[CONFIRM] = [intent('succeeded')];
    expect(await payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(seen[0]?.headers['idempotency-key']).toBe('pi_1:confirm');
  });

  it('tells a decline, a bank that asks the customer, and a payment that is not settled yet', async () => {
    answers[CONFIRM] = [failure(402, declinedCard), intent('requires_action'), intent('processing')];
    expect(await payments.confirm('pi_1')).toEqual({ status: 'declined', code: 'CARD_DECLINED' });
    expect(await payments.confirm('pi_1')).toMatchObject({ status: 'declined', code: 'AUTHENTICATION_REQUIRED' });
    expect(await payments.confirm('pi_1')).toEqual({ status: 'processing' });
  });

  it('what is no code is replaced by one of ours, and no word of the provider is passed on', async () => {
    for (const code of ['card number 4111 was declined', 'a\u0000b', 'x'.repeat(65), '4111111111111111', '']) {
      answers[CONFIRM] = [failure(402, { ...declinedCard, code })];
      expect(await payments.confirm('pi_1')).toEqual({ status: 'declined', code: 'CARD_DECLINED' });
    }
  });

  it('does not take a gateway for a bank: 402 without a card error is no decline', async () => {
    answers[CONFIRM] = [failure(402, { message: 'payment required' })];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('no answer: OutcomeUnknown, not asked twice; unreachable: ProviderUnavailable', async () => {
    const leave = new AbortController();
    answers[CONFIRM] = ['no answer', 'reset', () => leave.abort()];
    await expect(impatient.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payments.confirm('pi_1', leave.signal)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(seen).toHaveLength(3);
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const nowhere = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 10_000, url: `http://127.0.0.1:${port}` });
    await expect(nowhere.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('does not believe a replayed answer: a refunded payment is closed, a settled one captured', async () => {
    const old = { ...(intent('succeeded') as object), headers: replayed };
    answers[CONFIRM] = [old, { ...(intent('processing') as object), headers: replayed }];
    answers[READ] = [intent('succeeded'), intent('succeeded')];
    answers[REFUNDS] = [refunds({ status: 'succeeded', amount: 5000 }), refunds()];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(KeyClosed);
    expect(await payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
  });

  it('looks up an intent that cannot be confirmed any more', async () => {
    answers[CONFIRM] = [failure(400, unexpectedState), failure(400, unexpectedState)];
    answers[READ] = [intent('canceled'), intent('requires_payment_method', { last_payment_error: declinedCard })];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(KeyClosed);
    expect(await payments.confirm('pi_1')).toMatchObject({ status: 'declined', code: 'CARD_DECLINED' });
  });

  it('a replayed failure of Stripe is no failure when the money moved, and no decline when it did not', async () => {
    const oops = failure(500, { type: 'api_error', message: 'oops' }, replayed);
    answers[CONFIRM] = [oops, oops];
    answers[READ] = [intent('succeeded'), intent('requires_confirmation')];
    answers[REFUNDS] = [refunds()];
    expect(await payments.confirm('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('lookup', () => {
  it('tells each state', async () => {
    const last_payment_error = declinedCard;
    answers[READ] = [
      intent('requires_confirmation'),
      intent('requires_payment_method', { last_payment_error }),
      intent('canceled'),
      intent('succeeded'),
      intent('succeeded'),
      'no answer',
    ];
    answers[REFUNDS] = [refunds({ status: 'failed', amount: 5000 }), refunds({ status: 'pending', amount: 5000 })];
    expect(await payments.lookup('pi_1')).toEqual({ status: 'open' });
    expect(await payments.lookup('pi_1')).toMatchObject({ status: 'declined', code: 'CARD_DECLINED' });
    expect(await payments.lookup('pi_1')).toEqual({ status: 'closed', refundedMinor: 0 });
    expect(await payments.lookup('pi_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(await payments.lookup('pi_1')).toEqual({ status: 'closed', refundedMinor: 5000 });
    await expect(impatient.lookup('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('close', () => {
  it('cancels what was not captured, under no key that could replay a refusal', async () => {
    answers[READ] = [intent('requires_payment_method'), intent('canceled')];
    answers[CANCEL] = [intent('canceled')];
    expect(await payments.close('pi_1')).toEqual({ refundedMinor: 0 });
    expect(await payments.close('pi_1')).toEqual({ refundedMinor: 0 });
    expect(seen.map(({ call }) => call)).toEqual([READ, CANCEL, READ]);
    expect(seen[1]?.headers['idempotency-key']).not.toMatch(/^pi_1/);
  });

  it('refunds what was captured once, a pending refund included', async () => {
    answers[READ] = [intent('succeeded'), intent('succeeded')];
    answers[REFUNDS] = [refunds(), refunds({ status: 'pending', amount: 5000 })];
    answers[REFUND] = [refunded({ status: 'pending', amount: 5000 })];
    expect(await payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
    expect(await payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
    const made = seen.filter(({ call }) => call === REFUND);
    expect(made).toHaveLength(1);
    expect(made[0]?.form).toEqual({ payment_intent: 'pi_1' });
    expect(made[0]?.headers['idempotency-key']).toBe('pi_1:refund');
  });

  it('adds a refund made by hand to the total', async () => {
    answers[READ] = [intent('succeeded')];
    answers[REFUNDS] = [refunds({ status: 'succeeded', amount: 2000 })];
    answers[REFUND] = [refunded({ status: 'succeeded', amount: 3000 })];
    expect(await payments.close('pi_1')).toEqual({ refundedMinor: 5000 });
  });

  it('a failed refund, seen now or later: UNDO_REFUSED', async () => {
    answers[READ] = [intent('succeeded'), intent('succeeded')];
    answers[REFUNDS] = [refunds(), refunds({ status: 'failed', amount: 5000 })];
    answers[REFUND] = [refunded({ status: 'failed', amount: 5000, failure_reason: 'lost_or_stolen_card' })];
    const refused = { name: 'ProviderRefused', code: 'UNDO_REFUSED' };
    await expect(payments.close('pi_1')).rejects.toMatchObject(refused);
    await expect(payments.close('pi_1')).rejects.toMatchObject(refused);
  });

  it('an intent that is settling just now: try again later', async () => {
    answers[READ] = [intent('processing')];
    answers[CANCEL] = [failure(400, unexpectedState)];
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});

describe('a gateway in front of Stripe', () => {
  const request = { key: '7:payment:1', orderId: 7, amountMinor: 5000, currency: 'KRW', token: 'pm_card_visa' };
  const others = (intent('canceled') as { body: object }).body;
  const notStripes: [string, string | object][] = [
    ['nothing', ''],
    ['HTML', '<html>welcome</html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no field at all', {}],
    ['an error that is none', { error: 5 }],
    ['an error under a success', { error: { type: 'card_error', code: 'card_declined', message: 'no' } }],
    ['a state that Stripe does not have', { ...others, status: 'ok' }],
    ['an amount that is none', { ...others, status: 'succeeded', amount_received: '5000' }],
  ];

  it.each(notStripes)('200 with %s: a call may have happened, a question has no answer', async (_, body) => {
    const lie = { body };
    answers = { [OPEN]: [lie], [CONFIRM]: [lie], [READ]: [lie, lie] };
    await expect(payments.open(request)).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payments.lookup('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it.each(notStripes)('200 with %s gives no money back', async (_, body) => {
    const lie = { body };
    answers[READ] = [intent('requires_confirmation'), intent('succeeded'), intent('succeeded')];
    answers[CANCEL] = [lie];
    answers[REFUNDS] = [lie, refunds()];
    answers[REFUND] = [lie];
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('a cancel that did not cancel, and the payment of somebody else, are no answers', async () => {
    answers[READ] = [intent('requires_confirmation'), intent('canceled', { id: 'pi_2' })];
    answers[CANCEL] = [intent('requires_confirmation')];
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it.each([
    [401, CredentialsRefused],
    [403, CredentialsRefused],
    [404, ProviderUnavailable],
    [502, ProviderUnavailable],
  ])('HTML with %i is what its status says', async (status, expected) => {
    answers[CONFIRM] = [{ status, body: '<html>' }];
    answers[READ] = [{ status, body: '<html>' }];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(expected);
    await expect(payments.close('pi_1')).rejects.toBeInstanceOf(expected);
    answers[CONFIRM] = [{ status, body: (intent('succeeded') as Response).body ?? '' }];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(expected);
  });

  it('does not follow a redirect', async () => {
    answers[CONFIRM] = [{ status: 307, headers: { location: '/v1/refunds' } }];
    await expect(payments.confirm('pi_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(seen).toHaveLength(1);
  });
});
