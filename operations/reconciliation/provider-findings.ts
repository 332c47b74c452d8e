import { comparedOrders, ordersWithMovedStock } from '../../db/compared-orders';
import type { Db } from '../../db/connection';
import {
  coverageOf,
  databaseTime,
  LISTED_PROVIDERS,
  type ListedProvider,
  ordersOfRecords,
  type RecordPosition,
} from '../../db/provider-records';
import { orderIdsAfter } from '../../db/reconciliation';
import type { Finding } from '../../domain/finding';
import { ProviderUnavailable } from '../../providers/errors';
import type { ComparedAt, Difference } from './comparison';
import { freshRecords, type Suspect } from './fresh-records';
import { differencesOf, differencesOfUnknown } from './provider-differences';
import { isUnavailable, type ReconciledSystem } from './provider-readings';

export interface ComparisonScope {
  /** Only orders that were sold, cancelled or refunded, or that a provider has changed, since then or in the grace before it. */
  readonly since?: Date | undefined;
  /** Providers that do not respond: they are not asked, and what is suspected of them stays undecided. */
  readonly silent?: Iterable<ListedProvider> | undefined;
  /** For how long after a change an order is left alone. */
  readonly graceMs: number;
}

/** What was found in a page of orders. */
export interface ComparedPage {
  readonly orders: number;
  readonly findings: readonly Finding[];
  /** What would be findings, had their provider confirmed it: it is unavailable, so that they are neither there nor gone. */
  readonly undecided: readonly Pick<Finding, 'code' | 'subject'>[];
}

/** So many orders, or rows that name them, at a time. */
const PAGE = 500;

/**
 * Compares orders with the mirror of what the providers have, page by page. A finding is confirmed: its provider was asked once
 * more, and our rows were read again after that. The same finding may come twice.
 */
export async function* findProviderDifferences(
  system: ReconciledSystem,
  scope: ComparisonScope,
): AsyncGenerator<ComparedPage> {
  const { db } = system;
  const silent = new Set(scope.silent);
  const compare = (orderIds: readonly number[]) => compareOrders(system, orderIds, { ...scope, silent });
  const since = scope.since && new Date(scope.since.getTime() - scope.graceMs);
  for await (const orderIds of since ? endedOrders(db, since) : allOrders(db)) yield await compare(orderIds);
  for await (const orderIds of ordersAtProviders(db, since)) yield await compare(orderIds);
}

/** The same of these orders, whether or not they exist. */
export async function compareOrders(
  system: ReconciledSystem,
  orderIds: readonly number[],
  { silent = new Set(), ...scope }: Pick<ComparisonScope, 'graceMs'> & { readonly silent?: Set<ListedProvider> },
): Promise<ComparedPage> {
  const findings: Finding[] = [];
  const undecided: Pick<Finding, 'code' | 'subject'>[] = [];
  for (const { suspect, differences } of await suspicionsOf(system.db, orderIds, scope))
    for (const provider of LISTED_PROVIDERS) {
      const suspected = differences.filter((difference) => difference.provider === provider);
      if (suspected.length === 0) continue;
      try {
        if (silent.has(provider)) throw new ProviderUnavailable('it did not respond before');
        findings.push(...(await confirmed(system, suspect, provider, scope)));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        silent.add(provider);
        undecided.push(...suspected.map(({ finding: { code, subject } }) => ({ code, subject })));
      }
    }
  return { orders: orderIds.length, findings, undecided };
}

/** What looks wrong of an order. */
interface Suspicion {
  readonly suspect: Suspect;
  readonly differences: readonly Difference[];
}

async function suspicionsOf(
  db: Db,
  orderIds: readonly number[],
  scope: Pick<ComparisonScope, 'graceMs'>,
): Promise<Suspicion[]> {
  if (orderIds.length === 0) return [];
  const at = await comparedAt(db, scope);
  const { orders, unknown } = await comparedOrders(db, orderIds);
  return [
    ...orders.map((order) => ({ suspect: order, differences: differencesOf(order, at) })),
    ...unknown.map((order) => ({ suspect: order, differences: differencesOfUnknown(order.records, at) })),
  ].filter(({ differences }) => differences.length > 0);
}

/** The findings about an order and a provider, by what both say now. */
async function confirmed(
  { db, providers }: ReconciledSystem,
  suspect: Suspect,
  provider: ListedProvider,
  scope: Pick<ComparisonScope, 'graceMs'>,
): Promise<Finding[]> {
  const records = await freshRecords(providers, provider, suspect);
  const at = await comparedAt(db, scope);
  const { orders } = await comparedOrders(db, [suspect.id]);
  const [order] = orders;
  const differences = order
    ? differencesOf({ ...order, records }, at).filter((difference) => difference.provider === provider)
    : differencesOfUnknown(records, at);
  return differences.map(({ finding }) => finding);
}

async function comparedAt(db: Db, { graceMs }: Pick<ComparisonScope, 'graceMs'>): Promise<ComparedAt> {
  const known = LISTED_PROVIDERS.map(async (provider) => [provider, await coverageOf(db, provider)] as const);
  return { now: await databaseTime(db), graceMs, coverage: Object.fromEntries(await Promise.all(known)) };
}

async function* allOrders(db: Db): AsyncGenerator<number[]> {
  let orderIds: number[] = [];
  do {
    orderIds = await orderIdsAfter(db, orderIds.at(-1) ?? 0, PAGE);
    yield orderIds;
  } while (orderIds.length === PAGE);
}

async function* endedOrders(db: Db, since: Date): AsyncGenerator<number[]> {
  let before: number | undefined;
  do {
    const { orderIds, next } = await ordersWithMovedStock(db, { since, before, limit: PAGE });
    yield orderIds;
    before = next;
  } while (before !== undefined);
}

/** Orders that providers have changed since then; without a time only those that we do not have, as all others are compared. */
async function* ordersAtProviders(db: Db, since: Date | undefined): AsyncGenerator<number[]> {
  let after: RecordPosition | undefined;
  do {
    const page = { since: since ?? new Date(0), after, limit: PAGE, unknown: since === undefined };
    const { orderIds, next } = await ordersOfRecords(db, page);
    yield orderIds;
    after = next;
  } while (after !== undefined);
}
