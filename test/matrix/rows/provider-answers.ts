import type { ProviderName, ProviderOperation } from '../../../contracts/provider-api';
import type { MetFault } from '../../../sandbox/outages';
import { until } from '../../support/until';
import { Operators } from '../operators';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { sideBySide } from './side-by-side';

/** The calls of each provider, by what they are for a step. */
const CALLS = {
  'payment open': { provider: 'payment', operation: 'open', part: 'do' },
  'payment do': { provider: 'payment', operation: 'confirm', part: 'do' },
  'payment look-up': { provider: 'payment', operation: 'lookup', part: 'look-up' },
  'payment undo': { provider: 'payment', operation: 'close', part: 'undo' },
  'shipment do': { provider: 'carrier', operation: 'create', part: 'do' },
  'shipment look-up': { provider: 'carrier', operation: 'lookup', part: 'look-up' },
  'shipment undo': { provider: 'carrier', operation: 'cancel', part: 'undo' },
  'warehouse do': { provider: 'warehouse', operation: 'store', part: 'do' },
  'warehouse look-up': { provider: 'warehouse', operation: 'lookup', part: 'look-up' },
  'warehouse undo': { provider: 'warehouse', operation: 'cancel', part: 'undo' },
} as const satisfies Record<string, { provider: ProviderName; operation: ProviderOperation; part: string }>;

/** The do before a look-up, which leaves its outcome open. */
const DO_OF = { payment: 'confirm', carrier: 'create', warehouse: 'store' } as const;

/** Longer than any call may take. */
const HANGS_MS = 30_000;
/** Longer than a call within a workflow task may take, shorter than one outside it. */
const SLOW_MS = 2_200;

/** What comes in the place of a provider's own response; none has a word of the provider's own in it. */
const ANSWERS = {
  timeout: { delayMs: HANGS_MS },
  closed: {},
  401: { status: 401, body: '{"error":"unauthorized"}' },
  403: { status: 403, body: '<html>forbidden</html>' },
  404: { status: 404, body: '{"error":"no such route"}' },
  409: { status: 409, body: '<html>conflict</html>' },
  429: { status: 429, body: '', headers: { 'retry-after': '1' } },
  500: { status: 500, body: '{}' },
  redirect: { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/login' } },
  html: { status: 200, body: '<html>log in</html>', headers: { 'content-type': 'text/html' } },
  empty: { status: 200, body: '' },
  garbage: { status: 200, body: '{"ref":"p', headers: { 'content-type': 'application/json' } },
  slow: undefined,
} as const;

const DIMENSIONS = {
  call: Object.keys(CALLS) as (keyof typeof CALLS)[],
  answer: Object.keys(ANSWERS) as (keyof typeof ANSWERS)[],
  /** Whether the provider had acted; of a look-up, whether the do had. */
  effect: ['before', 'after'],
  lasts: ['for a while', 'for ever'],
} as const;
type Case = { readonly [Name in keyof typeof DIMENSIONS]: (typeof DIMENSIONS)[Name][number] };

const A_WHILE = 2;
const GIVEN_UP_WITHIN_MS = 120_000;

export const providerAnswers: Row = {
  name: 'provider-answers',
  title: 'what is no word of a provider in the place of its response, on do, look-up and undo',
  times: 150,
  small: 5,
  invariants: ['I2', 'I9', 'I10', 'I11'],
  isOfOrders: true,
  async run(stage, times) {
    // A provider that is slow only acts late.
    const isPossible = ({ answer, effect }: Case) => answer !== 'slow' || effect === 'before';
    await sideBySide(stage, drawPairwise(stage.random, DIMENSIONS, times, isPossible), 12, (one) =>
      new Encounter(stage, one).takesPlace(),
    );
  },
};

/** One order whose calls meet such an answer. */
class Encounter {
  private readonly provider: ProviderName;
  private readonly operation: ProviderOperation;
  private readonly startedAt = new Date();

  constructor(
    private readonly stage: Stage,
    private readonly one: Case,
  ) {
    ({ provider: this.provider, operation: this.operation } = CALLS[one.call]);
  }

  async takesPlace(): Promise<void> {
    const { customers } = this.stage;
    const { part } = CALLS[this.one.call];
    const orderId = await customers.order(await customers.coupon());
    if (part === 'look-up')
      await this.provide({ ...this.faultOf(orderId, DO_OF[this.provider]), when: this.one.effect, times: 1 });
    await this.answer(orderId);
    await customers.askToPay(orderId, {
      warehouseStorage: true,
      ...(part === 'undo' && { recipientName: 'fault:store_refused' }),
    });
    const met = await this.untilMet(orderId);
    if (this.one.lasts === 'for ever') {
      await this.untilGivenUp(orderId);
      await this.end(orderId);
    }
    await this.stage.watch.untilRests(orderId);
    await this.end(orderId);
    const { call, answer, effect, lasts } = this.one;
    this.stage.injected({
      fault: `${call}: ${answer} ${effect} the effect, ${lasts}`,
      what: `order ${orderId}: ${met.operation} at ${this.provider}, ${(await this.met(orderId)).length} calls`,
      at: met.at,
    });
  }

  private async answer(orderId: number): Promise<void> {
    const fault = this.faultOf(orderId, this.operation);
    const answer = ANSWERS[this.one.answer];
    if (!answer) {
      await this.stage.shop.providers.slow(this.provider, { ...fault, delayMs: SLOW_MS });
      return;
    }
    await this.provide({
      ...fault,
      ...answer,
      when: CALLS[this.one.call].part === 'look-up' ? 'before' : this.one.effect,
      ...(this.one.lasts === 'for a while' && { times: A_WHILE }),
    });
  }

  private faultOf = (orderId: number, operation: ProviderOperation) => ({ orderId, operation });

  private provide(fault: Parameters<Stage['shop']['providers']['gateway']>[1]): Promise<void> {
    return this.stage.shop.providers.gateway(this.provider, fault);
  }

  private end(orderId: number): Promise<void> {
    return this.stage.shop.providers.endFaults(this.provider, orderId);
  }

  private async met(orderId: number): Promise<MetFault[]> {
    const all = await this.stage.outside.provider<MetFault[]>(`/faults/met?orderId=${orderId}`);
    return all.filter(({ provider, operation }) => provider === this.provider && operation === this.operation);
  }

  private async untilMet(orderId: number): Promise<MetFault> {
    const [first] = await until(
      `a call of order ${orderId} to meet its answer`,
      () => this.met(orderId),
      (met) => met.length > 0,
      GIVEN_UP_WITHIN_MS,
    );
    return first as MetFault;
  }

  /** Waits until the order has parked, its retries are used up, or it waits for its credentials to be accepted. */
  private async untilGivenUp(orderId: number): Promise<void> {
    const { watch, outside } = this.stage;
    const operators = new Operators(this.stage);
    const isAboutCredentials = [401, 403].includes(Number(this.one.answer));
    const how = await until(
      `order ${orderId} to give up`,
      async () => {
        const [order] = await watch.look([orderId]).catch(() => []);
        if (order?.sagaState === 'NEEDS_OPERATOR') return 'parked';
        if (order && !order.isBusy) return 'rests';
        if (!isAboutCredentials) return undefined;
        // Other orders' calls are accepted meanwhile, which closes the item.
        const listed = await outside.rows(
          `select from operator_items where kind = 'CREDENTIALS_REFUSED' and subject = $1 and last_seen_at >= $2`,
          [this.provider, this.startedAt],
        );
        return listed.length > 0 ? 'waits' : undefined;
      },
      Boolean,
      GIVEN_UP_WITHIN_MS,
    );
    if (how === 'parked') await operators.untilListed(orderId);
  }
}
