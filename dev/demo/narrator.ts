import { styleText } from 'node:util';
import type { TimelineView } from '../../contracts/responses/common';
import type { CouponRequestStatus } from '../../domain/coupon';
import type { OrderStatus } from '../../domain/order-status';

type Style = Parameters<typeof styleText>[0];

const hasColour = process.stdout.isTTY && process.stdout.hasColors();

/** Text in a style, where somebody can see it. */
export function styled(style: Style, text: string): string {
  return hasColour ? styleText(style, text) : text;
}

const GOOD: ReadonlySet<string> = new Set<OrderStatus | CouponRequestStatus>([
  'PREPARING',
  'IN_WAREHOUSE',
  'COMPLETED',
  'REFUNDED',
  'ISSUED',
]);
const BAD: ReadonlySet<string> = new Set(['CANCELLED', 'NEEDS_OPERATOR', 'FAILED', 'UNDO_FAILED']);

/** A status, green where things went well, red where they did not. */
export function statusText(status: string): string {
  return styled(GOOD.has(status) ? 'green' : BAD.has(status) ? 'red' : 'yellow', status);
}

/** Tells what happens, a line each, with the seconds since the start. */
export class Narrator {
  private readonly startedAt = Date.now();
  private isOver = false;

  heading(text: string): void {
    console.log(`\n${styled('bold', text)}`);
  }

  /** A line of set-up. */
  detail(text: string): void {
    console.log(styled('gray', `  ${text}`));
  }

  /** What somebody does, to an order by its id, or to what is named. */
  action(subject: number | string, text: string): void {
    this.result(subject, styled('cyan', `→ ${text}`));
  }

  /** What came of it. */
  result(subject: number | string, text: string): void {
    this.line(typeof subject === 'number' ? `order ${subject}` : subject, text);
  }

  /** What the order's timeline tells; entries that came together stand in one line. */
  news(orderId: number, entries: readonly TimelineView[]): void {
    const worthTelling = entries.filter(isNews);
    if (worthTelling.length > 0) this.result(orderId, sentence(worthTelling));
  }

  /** From here on nothing is told any more: what is left of it breaks off. */
  endOfSaga(): void {
    this.isOver = true;
  }

  get seconds(): number {
    return (Date.now() - this.startedAt) / 1000;
  }

  private line(subject: string, text: string): void {
    if (this.isOver) return;
    const time = styled('gray', `${this.seconds.toFixed(1).padStart(6)} s`);
    console.log(`${time}  ${styled('bold', subject.padEnd(11))} ${text}`);
  }
}

/** One entry of a timeline in words. */
export function entryText({ type, data }: TimelineView): string {
  const text = (name: string) => String(data[name]);
  const because = data.reason === undefined ? '' : ` (${text('reason')})`;
  switch (type) {
    case 'status':
      return `${data.from === null ? '' : `${text('from')} → `}${statusText(text('to'))}${because}`;
    case 'step':
      return `${text('step')} ${stateText(text('state'))}${data.code === undefined ? '' : ` (${text('code')})`}`;
    case 'request':
      return data.state === 'FAILED'
        ? `attempt ${text('attempt')} ${statusText('FAILED')} and undone (${text('code')}): ${FOLLOWS[text('next')] ?? text('next')}`
        : `request ${text('state')}`;
    case 'resolution':
      return `${text('actor')} decides: ${text('step')} ${text('decision')}${because}`;
    case 'notice':
      return data.sagaState === 'NEEDS_OPERATOR'
        ? `saga parked: ${statusText('NEEDS_OPERATOR')} (${String(data.steps)})`
        : `notice ${text('code')}${because}`;
    default:
      return `${type} ${JSON.stringify(data)}`;
  }
}

const FOLLOWS: Readonly<Record<string, string>> = {
  AWAIT_CUSTOMER: 'the customer may pay again',
  RETRY: 'to be retried by order-retry-topic',
  GIVE_UP: 'no retry is left, to order-processing-topic.DLT',
  CANCEL: 'that was once too often',
};

function stateText(state: string): string {
  const style: Style = state === 'DONE' ? 'gray' : state === 'UNDONE' ? 'magenta' : 'red';
  return styled(style, state.toLowerCase().replace('_', ' '));
}

function sentence(entries: readonly TimelineView[]): string {
  return entries.reduce((text, entry, index) => {
    const isNextMove = entry.type === 'status' && entries[index - 1]?.type === 'status';
    const next = entryText(entry);
    if (isNextMove) return text + next.slice(next.indexOf(' → '));
    return index === 0 ? next : `${text} · ${next}`;
  }, '');
}

/** Not what the demo itself has just told: an order placed, a payment asked for; nor a cancel's notice beside its move. */
function isNews({ type, data }: TimelineView): boolean {
  if (type === 'status') return data.from !== null;
  if (type === 'request') return data.state !== undefined;
  return type !== 'notice' || data.sagaState === 'NEEDS_OPERATOR';
}
