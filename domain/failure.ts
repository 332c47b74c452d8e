/**
 * What a failed call means for its saga.
 * DECLINED: the payment provider's word about the customer's means of payment. REFUSED: the listed refusal of another
 * provider, or of our own rules. CLOSED: the step or the attempt has ended meanwhile. PERMANENT: a fault of ours that no
 * retry cures. INTERRUPTED: a cancel ended the call. UNAVAILABLE: no usable response yet. CREDENTIALS: the provider
 * refuses our credentials. UNEXPECTED: anything else, so that only time or a new version cures it.
 */
export const FAILURE_KINDS = [
  'DECLINED',
  'REFUSED',
  'CLOSED',
  'PERMANENT',
  'INTERRUPTED',
  'UNAVAILABLE',
  'CREDENTIALS',
  'UNEXPECTED',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

const FINAL: ReadonlySet<FailureKind> = new Set(['DECLINED', 'REFUSED', 'CLOSED', 'PERMANENT']);

/** Whether the same call again can only fail again. */
export function isFinal(kind: FailureKind): boolean {
  return FINAL.has(kind);
}

/** Why something failed: a stable code, and the kind that says what follows. */
export interface FailureCause {
  readonly code: string;
  readonly kind: FailureKind;
}

/** Carried by a failure as its only detail. */
export interface FailureDetail {
  readonly kind: FailureKind;
}
