import type { TimelineView } from '../../contracts/responses/common';
import type { en } from './en';
import { type Reason, reasonOf } from './reason';

type KeysOf<Words, Prefix extends string> = {
  [Key in keyof Words & string]: Words[Key] extends string
    ? `${Prefix}.${Key}`
    : KeysOf<Words[Key], `${Prefix}.${Key}`>;
}[keyof Words & string];

/** A text of the translation. */
export type EntryKey = KeysOf<typeof en.entry, 'entry'>;

export interface EntryWords {
  readonly key: EntryKey;
  readonly tone: 'good' | 'bad' | 'plain';
  /** A step on the way, beside what the order became. */
  readonly isMinor: boolean;
  readonly reason?: Reason | undefined;
}

type Data = TimelineView['data'];
type Words = EntryWords | undefined;

const good = (key: EntryKey): EntryWords => ({ key, tone: 'good', isMinor: false });
const bad = (key: EntryKey, code?: unknown): EntryWords => ({
  key,
  tone: 'bad',
  isMinor: false,
  reason: reasonOf(code),
});
const plain = (key: EntryKey): EntryWords => ({ key, tone: 'plain', isMinor: false });
const minor = (words: EntryWords): EntryWords => ({ ...words, isMinor: true });

/** An entry in the customer's words; undefined: it says nothing to a customer, or is not known yet. */
export function entryWords({ type, data }: Pick<TimelineView, 'type' | 'data'>): Words {
  return WORDS[type]?.(data);
}

const WORDS: Readonly<Record<string, (data: Data) => Words>> = {
  status: ({ from, to, reason }) => ofStatus(from, to, reason),
  step: ({ step, state, code }) => ofStep(step, state, code),
  request: ({ state, code, next }) => ofRequest(state, next, code),
  notice: ({ code }) => (typeof code === 'string' ? NOTICES[code] : undefined),
  resolution: ({ decision }) => (typeof decision === 'string' ? RESOLUTIONS[decision] : undefined),
  // Other refusals are of systems and operators: the customer has asked for nothing.
  refused: ({ what }) => (what === 'CANCELLED_BY_CUSTOMER' ? bad('entry.refused.CANCEL') : undefined),
};

const STATUSES: Readonly<Record<string, EntryWords>> = {
  CREATED: plain('entry.status.CREATED'),
  PENDING_PAYMENT: plain('entry.status.PENDING_PAYMENT'),
  PAYMENT_COMPLETED: good('entry.status.PAYMENT_COMPLETED'),
  PREPARING: plain('entry.status.PREPARING'),
  IN_WAREHOUSE: plain('entry.status.IN_WAREHOUSE'),
  SHIPMENT_STARTED: plain('entry.status.SHIPMENT_STARTED'),
  IN_TRANSIT: plain('entry.status.IN_TRANSIT'),
  COMPLETED: good('entry.status.COMPLETED'),
  REFUND_REQUESTED: plain('entry.status.REFUND_REQUESTED'),
  REFUNDED: good('entry.status.REFUNDED'),
};

function ofStatus(from: unknown, to: unknown, reason: unknown): Words {
  if (to === 'CANCELLED') return bad('entry.status.CANCELLED', reason);
  if (to === 'PENDING_PAYMENT' && from === 'PAYMENT_COMPLETED') return bad('entry.status.PAYMENT_UNDONE', reason);
  if (to === 'COMPLETED' && from === 'REFUND_REQUESTED') return bad('entry.status.REFUND_REFUSED', reason);
  if (to === 'COMPLETED' && from === 'IN_TRANSIT') return good('entry.status.DELIVERED');
  return typeof to === 'string' ? STATUSES[to] : undefined;
}

const STEPS = ['stock', 'coupon', 'payment', 'shipment', 'warehouse'] as const;

function ofStep(name: unknown, state: unknown, code: unknown): Words {
  const step = STEPS.find((known) => known === name);
  if (!step) return undefined;
  switch (state) {
    case 'DONE':
      return minor(good(`entry.step.${step}.DONE`));
    case 'FAILED':
      return minor(bad(`entry.step.${step}.FAILED`, code));
    case 'UNDONE':
      return minor(plain(`entry.step.${step}.UNDONE`));
    case 'UNDO_FAILED':
      return minor(bad(`entry.step.${step}.UNDO_FAILED`));
    default:
      return undefined;
  }
}

const AFTER_FAILURE = ['AWAIT_CUSTOMER', 'CANCEL', 'RETRY', 'GIVE_UP'] as const;

function ofRequest(state: unknown, next: unknown, code: unknown): Words {
  if (state === undefined) return minor(plain('entry.request.ACCEPTED'));
  if (state === 'SKIPPED') return bad('entry.request.LOST', code);
  const known = AFTER_FAILURE.find((follows) => follows === next);
  return state === 'FAILED' && known ? bad(`entry.request.${known}`, code) : undefined;
}

const CHECKING = plain('entry.notice.CHECKING');

/** How an order was cancelled says the entry of its status. */
const NOTICES: Readonly<Record<string, EntryWords>> = {
  CANCEL_ASKED: plain('entry.notice.CANCEL_ASKED'),
  CANCEL_REQUESTED: minor(plain('entry.notice.CANCEL_REQUESTED')),
  CANCEL_REFUSED: bad('entry.notice.CANCEL_REFUSED'),
  REFUND_ASKED: plain('entry.notice.REFUND_ASKED'),
  REFUND_REQUESTED: minor(plain('entry.notice.REFUND_REQUESTED')),
  UNDO_FAILED: CHECKING,
  CANNOT_BE_DONE: CHECKING,
  HISTORY_TOO_LONG: CHECKING,
  RECONCILED: minor(plain('entry.notice.RECONCILED')),
};

const RESOLUTIONS: Readonly<Record<string, EntryWords>> = {
  RETRY: minor(plain('entry.resolution.RETRY')),
  SKIP: minor(plain('entry.resolution.SKIP')),
  DONE_EXTERNALLY: minor(plain('entry.resolution.DONE_EXTERNALLY')),
};
