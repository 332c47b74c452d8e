import { randomBytes } from 'node:crypto';
import type { Express, Request } from 'express';
import { z } from 'zod';
import {
  type LedgerEntry,
  type OpenPaymentRequest,
  openPaymentRequestSchema,
  type PaymentFacts,
  type PaymentState,
} from '../contracts/provider-api';
import { Changes, type ChangesQuery } from './changes';
import { behaviourOf } from './magic-values';
import { Problem, parsed } from './problem';
import { operationsOf, orderIdQuery, type SandboxParts, settledRoute } from './provider-routes';
import type { Entry, RecordChange } from './providers';

const at = z.string();
const ref = z.string();
const amountMinor = z.number().int();
const opened = {
  key: z.string(),
  orderId: z.number().int(),
  amountMinor,
  currency: z.string(),
  token: z.string(),
};
export const paymentEntries = [
  z.object({ kind: z.literal('payment.opened'), at, ref, ...opened }),
  z.object({ kind: z.literal('payment.hung'), at, ref }),
  z.object({ kind: z.literal('payment.captured'), at, ref }),
  z.object({ kind: z.literal('payment.declined'), at, ref }),
  z.object({ kind: z.literal('payment.undo_refused'), at, ref }),
  z.object({ kind: z.literal('payment.closed'), at, ref, refundedMinor: amountMinor }),
] as const;

interface Payment {
  readonly ref: string;
  readonly request: OpenPaymentRequest;
  state: PaymentState;
  hasHung: boolean;
  undoRefusals: number;
}

const DECLINED: PaymentState = { status: 'declined', code: 'CARD_DECLINED' };

/** The payment provider: payments by ref and by key, and the ledger of money that moved. */
export class Payments {
  readonly #byRef = new Map<string, Payment>();
  readonly #refByKey = new Map<string, string>();
  readonly #changes = new Changes();
  readonly #ledger: LedgerEntry[] = [];
  readonly #ledgerByOrder = new Map<number, LedgerEntry[]>();

  constructor(private readonly record: RecordChange) {}

  open(request: OpenPaymentRequest): { ref: string } {
    const known = this.#refByKey.get(request.key);
    if (known !== undefined) {
      if (!sameRequest(this.#payment(known).request, request)) {
        throw new Problem(422, 'KEY_REUSED', `key ${request.key} was opened with another body`);
      }
      return { ref: known };
    }
    if (!behaviourOf(request.token)) throw new Problem(422, 'INVALID_TOKEN', 'no such card token');
    const ref = `pay_${randomBytes(12).toString('hex')}`;
    const { key, orderId, amountMinor, currency, token } = request;
    this.record({ kind: 'payment.opened', ref, key, orderId, amountMinor, currency, token });
    return { ref };
  }

  /** 'hang': the caller gets no response. */
  confirm(ref: string): PaymentState | 'hang' {
    const payment = this.#payment(ref);
    const behaviour = behaviourOf(payment.request.token)?.on;
    if (behaviour === 'unavailable') throw new Problem(503, 'UNAVAILABLE', 'payment is unavailable for this token');
    if (payment.state.status === 'closed') throw new Problem(409, 'CLOSED', `payment ${ref} is closed`);
    if (payment.state.status !== 'open') return payment.state;
    if (behaviour === 'timeout_before_charge' && !payment.hasHung) {
      this.record({ kind: 'payment.hung', ref });
      return 'hang';
    }
    this.record({ kind: behaviour === 'declined' ? 'payment.declined' : 'payment.captured', ref });
    return behaviour === 'timeout_after_charge' ? 'hang' : payment.state;
  }

  lookup(ref: string): PaymentState {
    return this.#payment(ref).state;
  }

  close(ref: string): { refundedMinor: number } {
    const { state, request, undoRefusals } = this.#payment(ref);
    if (state.status === 'closed') return { refundedMinor: state.refundedMinor };
    const behaviour = behaviourOf(request.token);
    if (behaviour?.on === 'undo_refused' && undoRefusals < behaviour.times) {
      this.record({ kind: 'payment.undo_refused', ref });
      throw new Problem(422, 'UNDO_REFUSED', `refund ${undoRefusals + 1} of ${ref} is refused`);
    }
    const refundedMinor = state.status === 'captured' ? state.capturedMinor : 0;
    this.record({ kind: 'payment.closed', ref, refundedMinor });
    return { refundedMinor };
  }

  find(ref: string): { payment: PaymentFacts | null } {
    const payment = this.#byRef.get(ref);
    return { payment: payment ? factsOf(payment) : null };
  }

  changes(query: ChangesQuery, size: number) {
    return this.#changes.page(query, size, (ref) => {
      const payment = this.#payment(ref);
      const { key, orderId } = payment.request;
      return { key, orderId, ref, ...factsOf(payment) };
    });
  }

  /** Undefined for an unknown ref. */
  orderOf(ref: string): number | undefined {
    return this.#byRef.get(ref)?.request.orderId;
  }

  ledger(orderId?: number): readonly LedgerEntry[] {
    return orderId === undefined ? this.#ledger : (this.#ledgerByOrder.get(orderId) ?? []);
  }

  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'payment.opened': {
        const { ref, key, orderId, amountMinor, currency, token } = entry;
        const request = { key, orderId, amountMinor, currency, token };
        this.#byRef.set(ref, { ref, request, state: { status: 'open' }, hasHung: false, undoRefusals: 0 });
        this.#refByKey.set(key, ref);
        this.#changes.note(ref, entry.at);
        return;
      }
      case 'payment.hung':
        this.#payment(entry.ref).hasHung = true;
        return;
      case 'payment.captured': {
        const payment = this.#payment(entry.ref);
        payment.state = { status: 'captured', capturedMinor: payment.request.amountMinor };
        this.#move('charge', payment, payment.request.amountMinor, entry.at);
        this.#changes.note(entry.ref, entry.at);
        return;
      }
      case 'payment.declined':
        this.#payment(entry.ref).state = DECLINED;
        this.#changes.note(entry.ref, entry.at);
        return;
      case 'payment.undo_refused':
        this.#payment(entry.ref).undoRefusals += 1;
        return;
      case 'payment.closed': {
        const payment = this.#payment(entry.ref);
        payment.state = { status: 'closed', refundedMinor: entry.refundedMinor };
        if (entry.refundedMinor > 0) this.#move('refund', payment, entry.refundedMinor, entry.at);
        this.#changes.note(entry.ref, entry.at);
        return;
      }
      default:
    }
  }

  #move(type: LedgerEntry['type'], { request }: Payment, amount: number, at: string): void {
    const { orderId, currency, key } = request;
    const line: LedgerEntry = { type, orderId, amount, currency, key, at };
    this.#ledger.push(line);
    const ofOrder = this.#ledgerByOrder.get(orderId);
    if (ofOrder) ofOrder.push(line);
    else this.#ledgerByOrder.set(orderId, [line]);
  }

  #payment(ref: string): Payment {
    const payment = this.#byRef.get(ref);
    if (!payment) throw new Problem(404, 'NOT_FOUND', `no payment ${ref}`);
    return payment;
  }
}

function factsOf({ state, request: { amountMinor, currency } }: Payment): PaymentFacts {
  const refundedMinor = state.status === 'closed' ? state.refundedMinor : 0;
  // A close gives back all that was captured.
  const capturedMinor = state.status === 'captured' ? amountMinor : refundedMinor;
  return { status: state.status, capturedMinor, refundedMinor, currency };
}

function sameRequest(a: OpenPaymentRequest, b: OpenPaymentRequest): boolean {
  return a.orderId === b.orderId && a.amountMinor === b.amountMinor && a.currency === b.currency && a.token === b.token;
}

export function paymentRoutes(app: Express, payments: Payments, parts: SandboxParts): void {
  const refOf = (req: Request) => parsed(z.string().min(1).max(100), req.params.ref);
  const routes = operationsOf(app, 'payment', parts, { refOf, orderOf: (ref) => payments.orderOf(ref) });
  const base = '/payment/payments';
  routes.make(base, 'open', openPaymentRequestSchema, (body) => payments.open(body));
  routes.lookUp(`${base}/:ref`, (ref) => payments.lookup(ref));
  routes.lookUp(`${base}/:ref/facts`, (ref) => payments.find(ref));
  routes.list('/payment/changes', (query) => payments.changes(query, parts.pageSize));
  routes.change(`${base}/:ref/confirm`, 'confirm', (ref) => payments.confirm(ref));
  routes.change(`${base}/:ref/close`, 'close', (ref) => payments.close(ref));
  const ledger = (req: Request) => [...payments.ledger(parsed(orderIdQuery.optional(), req.query.orderId))];
  app.get('/ledger', settledRoute(parts.journal, ledger));
}
