import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PaymentProvider } from './payment';
import { stripePayments } from './stripe';

export interface StripeResponse {
  status?: number;
  body?: object | string;
  headers?: Record<string, string>;
}
/** A function is called when the request has arrived, and gets no response. */
type FakeResponse = StripeResponse | (() => void) | 'no response' | 'reset';

interface Seen {
  call: string;
  form: Record<string, string>;
  headers: IncomingHttpHeaders;
}

/** A server that responds in Stripe's place, for the test file that calls this; new for each test. */
export function fakeStripe() {
  let server: Server;
  const fake = {
    seen: [] as Seen[],
    /** By call, in their order. */
    responses: {} as Record<string, FakeResponse[]>,
    payments: undefined as unknown as PaymentProvider,
    /** For calls that get no response. */
    hasty: undefined as unknown as PaymentProvider,
  };

  beforeAll(async () => {
    server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const call = `${req.method} ${req.url}`;
        const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
        fake.seen.push({ call, form, headers: req.headers });
        const unexpected: FakeResponse = { status: 500, body: { error: { message: `unexpected ${call}` } } };
        const response = fake.responses[call]?.shift() ?? unexpected;
        if (response === 'reset') req.socket.destroy();
        else if (typeof response === 'function') response();
        else if (response !== 'no response') {
          res.writeHead(response.status ?? 200, { 'content-type': 'application/json', ...response.headers });
          res.end(typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? {}));
        }
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    fake.seen = [];
    fake.responses = {};
    fake.payments = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 10_000, url });
    fake.hasty = stripePayments({ secretKey: 'sk_test_1', timeoutMs: 1_000, url });
  });
  return fake;
}

export const OPEN = 'POST /v1/payment_intents';
export const READ = 'GET /v1/payment_intents/pi_1';
export const CONFIRM = 'POST /v1/payment_intents/pi_1/confirm';
export const CANCEL = 'POST /v1/payment_intents/pi_1/cancel';
export const REFUND = 'POST /v1/refunds';
export const REFUNDS = 'GET /v1/refunds?payment_intent=pi_1&limit=100';
export const replayed = { 'idempotent-replayed': 'true' };

export const intent = (status: string, more: object = {}): FakeResponse => ({
  body: { id: 'pi_1', object: 'payment_intent', status, amount_received: status === 'succeeded' ? 5000 : 0, ...more },
});
export const refunds = (...data: { status: string; amount: number }[]): FakeResponse => ({
  body: {
    ...{ object: 'list', has_more: false },
    data: data.map((refund, i) => ({ id: `re_${i}`, object: 'refund', ...refund })),
  },
});
export const refunded = (refund: object): FakeResponse => ({ body: { id: 're_0', object: 'refund', ...refund } });
export const failure = (status: number, error: object, headers = {}): FakeResponse => ({
  status,
  body: { error },
  headers,
});
export const declinedCard = { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' };
export const unexpectedState = {
  type: 'invalid_request_error',
  code: 'payment_intent_unexpected_state',
  message: 'no',
};
