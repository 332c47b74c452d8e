/** What reconciliation can offer to do about a finding, by the same activities that a saga uses. */
export const FIXES = [
  /** Starts the order's workflow again: it finds what was done, and continues or undoes. */
  'RESTART_WORKFLOW',
  /** Puts the record into the outbox once more. */
  'RESEND_RECORD',
  /** Undoes a step by its key. */
  'UNDO_STEP',
  /** Gives the units of a hold back. */
  'RELEASE_HOLD',
  /** Gives a coupon's slot to the next request. */
  'RELEASE_SLOT',
] as const;
export type Fix = (typeof FIXES)[number];

interface FindingRule {
  /** The invariant that does not hold: I1 to I11. */
  readonly invariant: string;
  /** Absent: a person decides. */
  readonly fix?: Fix;
}

/** What reconciliation looks for, by the code of the finding. */
export const FINDINGS = {
  /** An order in motion has no workflow. */
  NO_WORKFLOW: { invariant: 'I5', fix: 'RESTART_WORKFLOW' },
  /** The workflow of an order in motion has failed, was terminated or timed out. */
  WORKFLOW_ENDED: { invariant: 'I1', fix: 'RESTART_WORKFLOW' },
  /** An order that was cancelled or refunded, or an attempt that has failed, has a step that is not undone. */
  MISSING_UNDO: { invariant: 'I9', fix: 'UNDO_STEP' },
  /** Units are held for an order that needs none. */
  HOLD_WITHOUT_ORDER: { invariant: 'I3', fix: 'RELEASE_HOLD' },
  /** Free, held and sold units of a product are not what was put in, or an order's units are not what its state says. */
  STOCK_DIFFERS: { invariant: 'I3' },
  /** A coupon's slot is taken by no request, or a coupon is in use by an order that has ended unsold. */
  SLOT_WITHOUT_OWNER: { invariant: 'I4', fix: 'RELEASE_SLOT' },
  /** A coupon counts other than its requests. */
  COUPON_DIFFERS: { invariant: 'I4' },
  /** A saved request, or a birth of an order, never came to its workflow. */
  REQUEST_WITHOUT_RECORD: { invariant: 'I6', fix: 'RESEND_RECORD' },
  /** A failure that must cancel an order never came to its workflow. */
  COMPENSATE_NOT_DELIVERED: { invariant: 'I6', fix: 'RESEND_RECORD' },
  /** A row of the outbox was due long ago. */
  UNPUBLISHED_ROW: { invariant: 'I7' },
  /** The provider has taken money that no order of ours has asked for. */
  PAID_WITHOUT_ORDER: { invariant: 'I2' },
  /** An order is paid, and the provider has not taken its money. */
  PAYMENT_MISSING: { invariant: 'I2' },
  /** Our ledger of money has another amount than what the order's state says. */
  MONEY_DIFFERS: { invariant: 'I2' },
  /** The provider has another amount than our ledger. */
  AMOUNT_DIFFERS: { invariant: 'I2' },
  /** A parcel of an order that was cancelled or refunded, or of no order, can still be delivered. */
  LIVE_PARCEL: { invariant: 'I10', fix: 'UNDO_STEP' },
  /** A paid order has no parcel at the carrier. */
  PARCEL_MISSING: { invariant: 'I10' },
  /** The warehouse has goods of an order that was cancelled or refunded, or of no order. */
  LIVE_STORAGE: { invariant: 'I10', fix: 'UNDO_STEP' },
  /** A stored order has nothing in the warehouse. */
  STORAGE_MISSING: { invariant: 'I10' },
} as const satisfies Record<string, FindingRule>;
export type FindingCode = keyof typeof FINDINGS;

/** One difference; ids, codes and amounts only, no personal data. */
export interface Finding {
  readonly code: FindingCode;
  /** What it is about, once per code: `order-12`, `order-12/payment/1`, `sku-A`, `coupon-CODE`, `request-ID`, `payment/REF`. */
  readonly subject: string;
  readonly orderId?: number | undefined;
  readonly step?: string | undefined;
  readonly attempt?: number | undefined;
  /** Minor units. */
  readonly amountAtRiskMinor?: number | undefined;
  /** Since when it can have been so. */
  readonly since?: Date | undefined;
  /** False: the fix of its code can't be applied in this case, and a person decides. */
  readonly isFixable?: false | undefined;
  /** What was compared, and with what. */
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>;
}

/** What is offered for a finding; undefined: a person decides. */
export function offeredFix({ code, isFixable }: Pick<Finding, 'code' | 'isFixable'>): Fix | undefined {
  const rule: FindingRule = FINDINGS[code];
  return isFixable === false ? undefined : rule.fix;
}
