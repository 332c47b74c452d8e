import type { ProviderName, ProviderOperation } from '../../../contracts/provider-api';
import { until } from '../../support/until';
import { type Decision, Operators } from '../operators';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { sideBySide } from './side-by-side';

const UNDOS = {
  payment: { provider: 'payment', operation: 'close' },
  shipment: { provider: 'carrier', operation: 'cancel' },
  warehouse: { provider: 'warehouse', operation: 'cancel' },
} as const satisfies Record<string, { provider: ProviderName; operation: ProviderOperation }>;

const DIMENSIONS = {
  step: Object.keys(UNDOS) as (keyof typeof UNDOS)[],
  /** What undoes it. */
  because: ['an attempt that fails', 'a cancel'],
  ends: ['RETRY', 'SKIP', 'DONE_EXTERNALLY', 'the provider recovers'],
  /** How often it is refused before it works, where it is retried. */
  fails: [1, 2, 3],
} as const;
type Case = { readonly [Name in keyof typeof DIMENSIONS]: (typeof DIMENSIONS)[Name][number] };

const WITHIN_MS = 120_000;

export const undoFails: Row = {
  name: 'undo-fails',
  title: 'an undo that fails several times: retried, skipped, done otherwise, or its provider recovers',
  times: 60,
  small: 4,
  invariants: ['I2', 'I3', 'I9', 'I11'],
  isOfOrders: true,
  async run(stage, times) {
    // What is delivered is not stored: a cancel has no storage to take back.
    const isPossible = ({ step, because }: Case) => step !== 'warehouse' || because === 'an attempt that fails';
    await sideBySide(stage, drawPairwise(stage.random, DIMENSIONS, times, isPossible), 10, (one) => fails(stage, one));
  },
};

async function fails(stage: Stage, one: Case): Promise<void> {
  const { customers, shop, watch } = stage;
  const { provider, operation } = UNDOS[one.step];
  const operators = new Operators(stage);
  const isUnavailable = one.ends === 'the provider recovers';
  const orderId = await customers.order(await customers.coupon());
  if (one.because === 'a cancel') await customers.pay(orderId);
  await shop.providers.gateway(provider, {
    ...{ orderId, operation, headers: { 'content-type': 'application/problem+json' } },
    ...(isUnavailable ? { status: 503, body: '' } : { status: 422, body: '{"code":"UNDO_REFUSED"}' }),
    ...(one.ends === 'RETRY' && { times: one.fails }),
  });
  if (one.because === 'a cancel') await customers.askToEnd(orderId, 'cancel');
  else await customers.askToPay(orderId, { warehouseStorage: true, recipientName: 'fault:store_refused' });

  const listed = await operators.untilListed(orderId, ({ step }) => step === one.step);
  if (!listed) return;
  const howOften = one.ends === 'RETRY' ? `${one.fails} times` : 'until it is ended';
  stage.injected({
    fault: `undo of ${one.step} after ${one.because}: ${listed.cause}, ${howOften}, then ${one.ends}`,
    what: `order ${orderId}`,
    at: listed.since.toISOString(),
  });
  if (isUnavailable) await shop.providers.endFaults(provider, orderId);
  else if (one.ends === 'RETRY') await retryUntilItWorks(stage, orderId, one.step);
  else {
    await decideOnce(stage, orderId, one);
    await shop.providers.endFaults(provider, orderId);
    if (one.ends === 'SKIP' && one.step !== 'payment') await bringBack(stage, orderId, one.step);
  }
  await watch.untilRests(orderId);
}

async function retryUntilItWorks(stage: Stage, orderId: number, step: string): Promise<void> {
  const operators = new Operators(stage);
  await until(
    `the undo of ${step} of order ${orderId} to work`,
    async () => {
      await operators.decide(orderId, step, 'RETRY').catch(() => false);
      return (await stage.watch.look([orderId]).catch(() => []))[0]?.isBusy;
    },
    (isBusy) => isBusy === false,
    WITHIN_MS,
  );
}

/** What is done elsewhere, is done there first; what is skipped stays. */
async function decideOnce(stage: Stage, orderId: number, { step, ends }: Case): Promise<void> {
  if (ends === 'DONE_EXTERNALLY' && step !== 'payment') await bringBack(stage, orderId, step);
  if (!(await new Operators(stage).decide(orderId, step, ends as Decision)))
    stage.problems.push(`order ${orderId}: ${ends} of ${step} was not to be decided`);
}

/** The carrier or the warehouse gives the goods back when it is asked by phone: its own page has no fault. */
async function bringBack({ shop, outside }: Stage, orderId: number, step: 'shipment' | 'warehouse'): Promise<void> {
  const path = step === 'shipment' ? '/carrier/shipments' : '/warehouse/storages';
  const { provider } = UNDOS[step];
  await shop.providers.endFaults(provider, orderId);
  for (const { key } of await outside.provider<{ key: string }[]>(`${path}?orderId=${orderId}`)) {
    const response = await fetch(`${shop.system.sandbox}${path}/${encodeURIComponent(key)}/cancel`, { method: 'POST' });
    if (!response.ok) throw new Error(`${key}: ${response.status} ${await response.text()}`);
  }
}
