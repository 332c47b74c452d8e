import type Stripe from 'stripe';
import { z } from 'zod';
import {
  type ListedPayment,
  listedPaymentSchema,
  type PaymentFacts,
  providerRefSchema,
} from '../contracts/provider-api';
import type { ListPage } from './list';
import { asking } from './stripe-client';
import { type Intent, intentWith, refundSchema, stateOf, sumOf } from './stripe-objects';

const seconds = z.number().int().positive();

const money = {
  currency: z
    .unknown()
    .transform((code) => (typeof code === 'string' ? code.toUpperCase() : code))
    .pipe(listedPaymentSchema.shape.currency),
};
const listedIntent = intentWith({
  ...money,
  metadata: z.looseObject({}),
  latest_charge: providerRefSchema.nullable(),
});
type ListedIntent = z.infer<typeof listedIntent>;

/** That very PaymentIntent, with what is read of its money. */
export function moneyIntentSchema(ref: string) {
  return intentWith({ ...money, id: z.literal(ref) });
}

/** A charge with its payment and its refunds; another system's may have no payment. */
const charge = z.object({
  id: providerRefSchema,
  object: z.literal('charge'),
  created: seconds,
  payment_intent: listedIntent.nullable(),
  refunds: z.object({ object: z.literal('list'), has_more: z.boolean(), data: z.array(refundSchema) }).nullish(),
});
type Charge = z.infer<typeof charge>;

const refund = z.object({ id: providerRefSchema, object: z.literal('refund'), created: seconds });

/** One list of what moves money, newest first: how it is asked for, and the charge that each entry is about. */
interface MoneyList {
  readonly page: (stripe: Stripe, query: Stripe.PaginationParams & { created: { gte: number } }) => Promise<unknown>;
  readonly entry: z.ZodType<{ id: string; created: number; charge: Charge | null }>;
}

/**
 * Stripe lists by when something was made, and a refund changes a payment of long ago: so a payment has changed where a charge, a
 * refund or the failure of a refund was made for it. None of these is ever deleted, and what is made while pages are read comes
 * before the first one.
 */
const LISTS = {
  charges: {
    page: (stripe, query) => stripe.charges.list({ ...query, expand: ['data.payment_intent', 'data.refunds'] }),
    entry: charge.transform((one) => ({ id: one.id, created: one.created, charge: one })),
  },
  refunds: {
    page: (stripe, query) =>
      stripe.refunds.list({ ...query, expand: ['data.charge.payment_intent', 'data.charge.refunds'] }),
    entry: refund.extend({ charge: charge.nullable() }),
  },
  failures: {
    page: (stripe, query) =>
      stripe.balanceTransactions.list({
        ...query,
        type: 'refund_failure',
        expand: ['data.source.charge.payment_intent', 'data.source.charge.refunds'],
      }),
    entry: z
      .object({
        id: providerRefSchema,
        object: z.literal('balance_transaction'),
        created: seconds,
        source: refund.extend({ charge: charge.nullable() }).nullable(),
      })
      .transform(({ id, created, source }) => ({ id, created, charge: source?.charge ?? null })),
  },
} as const satisfies Record<string, MoneyList>;
type ListName = keyof typeof LISTS;
const NAMES = Object.keys(LISTS) as ListName[];

const PAGE = 100;

/** A page of the payments that carry our key; other payments of a shared account are left out. The cursor is `list/last id`. */
export async function listPayments(
  stripe: Stripe,
  refundsOf: (ref: string) => Promise<{ refundedMinor: number }>,
  since: Date,
  cursor: string | undefined,
): Promise<ListPage<ListedPayment>> {
  const [name, after] = (cursor ?? 'charges/').split('/') as [ListName, string];
  const { page, entry } = LISTS[name] as MoneyList;
  const query = { created: { gte: Math.floor(since.getTime() / 1_000) }, limit: PAGE };
  const schema = listSchema(entry);
  const { data, has_more } = await asking('list', 'read', schema, () =>
    page(stripe, { ...query, ...(after ? { starting_after: after } : {}) }),
  );
  const records: ListedPayment[] = [];
  for (const { created, charge } of data) {
    const intent = charge?.payment_intent;
    // A charge that was declined before the latest one says nothing of the payment's money.
    if (!intent || charge.id !== intent.latest_charge) continue;
    const ours = ownerOf(intent);
    if (!ours) continue;
    const facts = factsOf(intent, await refundedOf(charge, intent.id, refundsOf));
    records.push({ ...ours, ref: intent.id, ...facts, changedAt: new Date(created * 1_000) });
  }
  const following = NAMES[NAMES.indexOf(name) + 1];
  const last = data.at(-1)?.id;
  return { records, next: has_more ? `${name}/${last}` : following && `${following}/` };
}

function listSchema<Entry>(entry: z.ZodType<Entry>) {
  return z
    .object({ object: z.literal('list'), has_more: z.boolean(), data: z.array(entry) })
    .refine(({ has_more, data }) => !has_more || data.length > 0, 'more is to come after nothing');
}

/** Both are put there by `open`; with another system's order number alone a payment is not ours. */
const owner = z.object({
  key: listedPaymentSchema.shape.key,
  orderId: z.coerce.number().pipe(listedPaymentSchema.shape.orderId),
});

function ownerOf({ metadata }: ListedIntent): z.infer<typeof owner> | undefined {
  return owner.safeParse(metadata).data;
}

/** The refunds say what was given back: the charge's own sum may still count one that has failed. */
async function refundedOf(
  { refunds }: Charge,
  ref: string,
  refundsOf: (ref: string) => Promise<{ refundedMinor: number }>,
): Promise<number> {
  return !refunds || refunds.has_more ? (await refundsOf(ref)).refundedMinor : sumOf(refunds.data);
}

export function factsOf(intent: Intent & { readonly currency: string }, refundedMinor: number): PaymentFacts {
  const isCaptured = intent.status === 'succeeded';
  const isGivenBack = isCaptured && refundedMinor >= intent.amount_received;
  return {
    status: isGivenBack ? 'closed' : stateOf(intent).status,
    capturedMinor: isCaptured ? intent.amount_received : 0,
    refundedMinor,
    currency: intent.currency,
  };
}
