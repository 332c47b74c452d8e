import type { SagaDetails, SagaWorkflow } from '../../client/schema';
import { amount, moment, shortened, table } from '../output';
import { timelineLine } from '../timeline-line';

/** So many lines of each part: together they fit one screen. */
const STEPS = 10;
const REQUESTS = 4;
const DECISIONS = 4;
const DEAD_LETTERS = 3;
const TIMELINE = 8;
const WIDTH = 110;

/** An order's saga for one screen; it says how much is left out, which `--json` has. */
export function sagaText(details: SagaDetails): string {
  return [
    ...orderLines(details),
    ...waitLines(details),
    ...stepLines(details),
    ...part('requests', lastOf(details.requests, REQUESTS), requestLine),
    ...moneyLines(details),
    ...stockLines(details),
    ...deadLetterLines(details),
    ...part('decided', lastOf(details.resolutions, DECISIONS), resolutionLine),
    ...part('released', lastOf(details.releases, DECISIONS), releaseText),
    ...part('timeline', lastOf(details.timeline, TIMELINE), (entry) => `${moment(entry.at)}  ${timelineLine(entry)}`),
    ...workflowLines('workflow', details.workflow),
    ...workflowLines('refund', details.refund),
  ].join('\n');
}

function orderLines({ order, retryAt }: SagaDetails): string[] {
  const discount = order.discountAmount > 0 ? ` after ${order.discountAmount.toLocaleString('en-US')} off` : '';
  const coupon = order.couponCode === null ? '' : `, coupon ${order.couponCode}`;
  const isHeld = order.status === 'PENDING_PAYMENT' && order.holdExpiresAt !== null;
  const hold = !isHeld ? '' : `, stock held until ${moment(order.holdExpiresAt)}`;
  return [
    `order ${order.orderId}  ${order.status}  saga ${order.sagaState}${order.reason === null ? '' : `  (${shortened(order.reason, 60)})`}`,
    line('total', `${amount(order.totalAmount, order.currency)}${discount}${coupon}${hold}`),
    ...(retryAt === undefined ? [] : [line('retry', `the payment is retried ${moment(retryAt)}`)]),
    line('times', `placed ${moment(order.createdAt)}, moved ${moment(order.lastUpdated)}`),
  ];
}

function waitLines({ order, waits }: SagaDetails): string[] {
  if (!waits) return order.sagaState === 'SETTLED' ? [] : [line('waits for', '(its workflow does not respond)')];
  const retry = waits.nextRetryAt === undefined ? '' : `; retried ${moment(waits.nextRetryAt)}`;
  const atRisk = waits.amountAtRisk > 0 ? `; ${amount(waits.amountAtRisk, order.currency)} at risk` : '';
  const [first] = waits.stuck;
  return [
    line('waits for', `${waits.waitingFor}${retry}${atRisk}`),
    ...waits.stuck.map(({ step, code, isUndo }) =>
      line('', shortened(isUndo ? `undo of ${step}: ${code}` : `${step} cannot be done: ${code}`, WIDTH)),
    ),
    ...(first
      ? [line('', `ordersaga saga resolve ${order.orderId} --step ${first.step} --decision RETRY --reason '…'`)]
      : []),
  ];
}

function deadLetterLines({ deadLetters, waitingRecords }: SagaDetails): string[] {
  const behind = waitingRecords === 0 ? [] : [line('', `${waitingRecords} later records of the order wait behind it`)];
  const undecided = part('dead', lastOf(deadLetters, DEAD_LETTERS), ({ at, id, code, action }) =>
    [moment(at), action ?? 'undecided:', `ordersaga dlt show ${id}`, code === null ? '' : `(${code})`].join(' '),
  );
  return [...undecided, ...behind];
}

function stepLines({ steps }: SagaDetails): string[] {
  const { shown, left } = lastOf(steps, STEPS);
  const rows = shown.map((step) => [
    step.step,
    `#${step.attempt}`,
    step.state,
    moment(step.updatedAt),
    step.key,
    shortened(step.providerRef, 24),
    shortened(step.code, 40),
  ]);
  const text = table(['step', 'try', 'state', 'when', 'key', 'provider', 'error'], rows);
  return text === '' ? [] : [...text.split('\n'), ...leftOut(left)];
}

function moneyLines({ money, order }: SagaDetails): string[] {
  if (money.length === 0) return [];
  const net = money.reduce((sum, entry) => sum + (entry.kind === 'charge' ? entry.amount : -entry.amount), 0);
  const entries = money.map(({ kind, amount: moved }) => `${kind} ${moved.toLocaleString('en-US')}`);
  return [line('money', `${shortened(entries.join(', '), WIDTH)} = ${amount(net, order.currency)}`)];
}

function stockLines({ stock }: SagaDetails): string[] {
  const moved = stock.map(({ sku, kind, units }) => `${kind} ${units} ${sku}`);
  return moved.length === 0 ? [] : [line('stock', shortened(moved.join(', '), WIDTH))];
}

function requestLine(request: SagaDetails['requests'][number]): string {
  const attempt = request.attempt === null ? '' : ` as attempt ${request.attempt}`;
  const why = request.reason === null ? '' : ` (${shortened(request.reason, 40)})`;
  return `${moment(request.createdAt)}  ${request.state}${attempt}${why}, ${request.eventId} retry ${request.retryCount} from ${request.source}`;
}

function resolutionLine({ at, actor, decision, step, reason, reference }: SagaDetails['resolutions'][number]): string {
  return `${moment(at)}  ${actor}: ${decision} ${step}${reference === null ? '' : ` by ${reference}`} (${reason})`;
}

function releaseText({ at, actor, reason }: SagaDetails['releases'][number]): string {
  return `${moment(at)}  ${actor}: records behind its dead letter (${reason})`;
}

function workflowLines(name: string, workflow: SagaWorkflow | undefined): string[] {
  return workflow ? [line(name, `${workflow.status}  ${workflow.url ?? workflow.workflowId}`)] : [];
}

function part<Entry>(
  name: string,
  { shown, left }: { readonly shown: readonly Entry[]; readonly left: number },
  text: (entry: Entry) => string,
): string[] {
  const lines = shown.map((entry, index) => line(index === 0 ? name : '', shortened(text(entry), WIDTH)));
  return [...lines, ...leftOut(left)];
}

function lastOf<Entry>(entries: readonly Entry[], count: number) {
  return { shown: entries.slice(-count), left: Math.max(0, entries.length - count) };
}

const leftOut = (count: number) => (count === 0 ? [] : [line('', `(${count} older: --json)`)]);

const line = (name: string, text: string) => `${name.padEnd(10)}${text}`;
