import { randomUUID } from 'node:crypto';
import { timelineLine } from '../../cli/timeline-line';
import type { ApiClient } from '../../client/client';
import type { Order, TimelineEntry } from '../../client/schema';
import type { ShipmentStatus } from '../../contracts/workflow/messages';
import { orderWorkflowId } from '../../contracts/workflow-api';
import { nextStatuses, type OrderStatus } from '../../domain/order-status';
import { action, result } from './narrator';
import type { SandboxClient } from './sandbox-client';
import { runTemporal } from './temporal-command';

const TIMEOUT_MS = 30_000;

const ADDRESS = { phone: '010-1234-5678', postalCode: '04524', address1: '서울시 중구 세종대로 110', country: 'KR' };

export interface Payment {
  readonly token: string;
  /** The sandbox' carrier and warehouse read their faults from it. */
  readonly recipientName?: string;
  readonly warehouseStorage?: boolean;
}

/** One real order: what its customer and the providers do to it, and its timeline, which is printed as it is read. */
export class DemoOrder {
  readonly id: number;
  private readonly reading = new AbortController();
  private readonly timeline: AsyncGenerator<TimelineEntry>;
  private status: OrderStatus | undefined;
  private last = 'nothing';

  constructor(
    readonly view: Order,
    /** As its customer. */
    readonly api: ApiClient,
    private readonly sandbox: SandboxClient,
  ) {
    this.id = view.orderId;
    this.timeline = api.events(this.id, { signal: this.reading.signal });
  }

  say(text: string): void {
    action(`order ${this.id}`, text);
  }

  /** Waits until the order can be paid, and pays. */
  async pay({ token, recipientName = '김하늘', warehouseStorage = false }: Payment): Promise<void> {
    await this.reaches('PENDING_PAYMENT');
    const faults = recipientName.startsWith('fault:') ? `, to ${recipientName}` : '';
    this.say(`customer pays with ${token}${faults}${warehouseStorage ? ', to be stored' : ''}`);
    const shipment = { recipientName, ...ADDRESS };
    const body = { paymentRequest: { method: 'CARD', token }, shipment, warehouseStorage } as const;
    await this.api.call('POST /api/orders/{orderId}/process-payment-shipment', { ...this.request(), body });
  }

  async cancel(reason: string): Promise<void> {
    this.say(`customer cancels: ${reason}`);
    await this.api.call('POST /api/orders/{orderId}/cancel', { ...this.request(), body: { reason } });
  }

  async refund(reason: string): Promise<void> {
    this.say(`customer asks for a refund: ${reason}`);
    await this.api.call('POST /api/orders/{orderId}/refund', { ...this.request(), body: { reason } });
  }

  async scan(status: ShipmentStatus): Promise<void> {
    this.say(`carrier scans the parcel: ${status}`);
    await this.sandbox.scan(this.id, status);
  }

  /** An operator signals the order's workflow, by the Temporal CLI of the stack. */
  async signal(stack: string, name: string, input: object): Promise<void> {
    const args = ['--workflow-id', orderWorkflowId(this.id), '--name', name, '--input', JSON.stringify(input)];
    await runTemporal(stack, ['workflow', 'signal', ...args], (command) => this.say(`operator runs: ${command}`));
  }

  /** The payment provider becomes unavailable or available, for this order's calls alone. */
  async paymentProvider(mode: 'unavailable' | 'none'): Promise<void> {
    this.say(mode === 'none' ? 'the payment provider is back' : 'the payment provider is down');
    await this.sandbox.payments(mode, this.id);
  }

  /** Waits until the timeline is at this status. */
  async reaches(status: OrderStatus): Promise<void> {
    if (this.status !== status) await this.sees('status', { to: status });
  }

  /** Waits for an entry of the timeline with these data; throws when the order ends before. */
  async sees(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const wanted = `${type} ${Object.values(data).join(' ')}`;
    const fail = (why: string) => new Error(`expected ${wanted}; ${why} ${this.last}`);
    const timer = setTimeout(() => this.reading.abort(fail('within 30 s, last came')), TIMEOUT_MS);
    try {
      for (;;) {
        const { value: entry } = await this.timeline.next();
        if (!entry) throw fail('the timeline broke off after');
        this.note(entry);
        if (entry.type === type && Object.entries(data).every(([name, value]) => entry.data[name] === value)) return;
        if (this.status && nextStatuses(this.status).length === 0) throw fail('the order ended with');
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.reading.abort();
  }

  private note(entry: TimelineEntry): void {
    this.last = timelineLine(entry);
    if (entry.type === 'status') this.status = entry.data.to as OrderStatus;
    if (isNews(entry)) result(`order ${this.id}`, this.last);
  }

  private request() {
    return { params: { orderId: this.id }, idempotencyKey: randomUUID() };
  }
}

/** Not what the demo itself has just printed: the order, the request to pay, the cancel. */
function isNews({ type, data }: TimelineEntry): boolean {
  if (type === 'status') return data.from !== null;
  if (type === 'request') return data.state !== undefined;
  return type !== 'notice' || data.sagaState === 'NEEDS_OPERATOR';
}
