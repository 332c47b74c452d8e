import { EventEmitter, once } from 'node:events';
import type { OrderView, TimelineView } from '../../contracts/http';
import type { OrderStep } from '../../contracts/workflow/attempt-steps';
import type { ShipmentStatus } from '../../contracts/workflow-api';
import { nextStatuses, type OrderStatus } from '../../domain/order-status';
import type { StepState } from '../../domain/saga-state';
import { entryText, type Narrator } from './narrator';
import type { SandboxClient } from './sandbox-client';
import type { Scenario } from './scenarios';
import type { ShopClient } from './shop-client';

const PATIENCE_MS = 30_000;

/** Something that did not come to pass; the message says what was expected and what came. */
class Unmet extends Error {
  override readonly name = 'Unmet';
}

export interface Payment {
  readonly token: string;
  /** Faults of the carrier and the warehouse are asked for by this name. */
  readonly recipientName?: string;
  readonly warehouseStorage?: boolean;
}

/** One real order: what the customer and the carrier do to it, and its timeline, which is told as it arrives. */
export class PlayedOrder {
  private readonly entries: TimelineView[] = [];
  private readonly news = new EventEmitter();
  private readonly following = new AbortController();
  private passed = 0;

  constructor(
    readonly scenario: Scenario,
    private readonly order: OrderView,
    /** As its customer sees it. */
    readonly shop: ShopClient,
    private readonly sandbox: SandboxClient,
    private readonly narrator: Narrator,
  ) {
    void this.follow();
  }

  get id(): number {
    return this.order.orderId;
  }

  get total(): number {
    return this.order.totalAmount;
  }

  say(text: string): void {
    this.narrator.action(this.id, text);
  }

  async pay({ token, recipientName = '김하늘', warehouseStorage = false }: Payment): Promise<void> {
    const faults = recipientName.startsWith('fault:') ? `, to ${recipientName}` : '';
    this.say(`customer pays with ${token}${faults}${warehouseStorage ? ', to be stored' : ''}`);
    const address = {
      phone: '010-1234-5678',
      postalCode: '04524',
      address1: '서울시 중구 세종대로 110',
      country: 'KR',
    };
    await this.shop.pay(this.id, {
      paymentRequest: { method: 'CARD', token },
      shipment: { recipientName, ...address },
      warehouseStorage,
    });
  }

  async cancel(reason: string): Promise<void> {
    this.say(`customer cancels: ${reason}`);
    await this.shop.cancel(this.id, reason);
  }

  async refund(reason: string): Promise<void> {
    this.say(`customer asks for a refund: ${reason}`);
    await this.shop.refund(this.id, reason);
  }

  async scan(status: ShipmentStatus): Promise<void> {
    this.say(`carrier scans the parcel: ${status}`);
    await this.sandbox.scan(this.id, status);
  }

  /** The payment provider is away, for this order's calls alone. */
  async paymentProvider(mode: 'unavailable' | 'none'): Promise<void> {
    this.say(mode === 'none' ? 'the payment provider is back' : 'the payment provider is down');
    await this.sandbox.payments(mode, this.id);
  }

  /** Waits until the order passes this status, after what was waited for before. */
  async reaches(status: OrderStatus): Promise<void> {
    await this.next(`status ${status}`, ({ type, data }) => type === 'status' && data.to === status);
  }

  /** Waits until an attempt to pay and ship has failed and is undone. */
  async attemptFails(code: string, next: 'AWAIT_CUSTOMER' | 'RETRY'): Promise<void> {
    await this.next(
      `a failed attempt (${code}, then ${next})`,
      ({ type, data }) => type === 'request' && data.state === 'FAILED' && data.code === code && data.next === next,
    );
  }

  async stepIs(step: OrderStep, state: StepState): Promise<void> {
    await this.next(
      `step ${step} ${state}`,
      ({ type, data }) => type === 'step' && data.step === step && data.state === state,
    );
  }

  async isParked(): Promise<void> {
    await this.next(
      'the saga to park as NEEDS_OPERATOR',
      ({ type, data }) => type === 'notice' && data.sagaState === 'NEEDS_OPERATOR',
    );
  }

  close(): void {
    this.following.abort();
  }

  private async next(what: string, isIt: (entry: TimelineView) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      for (let entry = this.entries[this.passed]; entry; entry = this.entries[this.passed]) {
        this.passed += 1;
        if (isIt(entry)) return;
        if (isFinalMove(entry)) throw new Unmet(`expected ${what}; the order ended: ${entryText(entry)}`);
      }
      await once(this.news, 'entries', { signal: deadline }).catch((error: unknown) => {
        const last = this.entries.at(-1);
        const since = last ? `the last news: ${entryText(last)}` : 'no news at all';
        throw deadline.aborted ? new Unmet(`expected ${what} within ${PATIENCE_MS / 1000} s; ${since}`) : error;
      });
    }
  }

  private async follow(): Promise<void> {
    try {
      for await (const entries of this.shop.timeline(this.id, this.following.signal)) {
        this.narrator.news(this.id, entries);
        this.entries.push(...entries);
        this.news.emit('entries');
      }
    } catch (error) {
      if (!this.following.signal.aborted) this.say(`its timeline broke off: ${String(error)}`);
    }
  }
}

function isFinalMove({ type, data }: TimelineView): boolean {
  return type === 'status' && nextStatuses(data.to as OrderStatus).length === 0;
}
