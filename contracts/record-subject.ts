import { TOPICS } from './topics';
import { couponWorkflowId, orderWorkflowId } from './workflow-api';

/** What a record is about, as far as its value tells. */
export interface RecordSubject {
  readonly eventId: string | null;
  readonly orderId: number | null;
  readonly requestId: string | null;
}

const NOBODY: RecordSubject = { eventId: null, orderId: null, requestId: null };

/** Reads what it can of a value that may be anything; other fields of that name, such as a trace's requestId, count for nothing. */
export function subjectOf(topic: string, value: Buffer | null): RecordSubject {
  let event: unknown;
  try {
    event = value === null ? null : JSON.parse(value.toString());
  } catch {
    return NOBODY;
  }
  if (typeof event !== 'object' || event === null) return NOBODY;
  const { eventId, orderId, requestId } = event as Record<string, unknown>;
  const isOfCoupon = topic === TOPICS.couponIssue || topic === TOPICS.couponIssued;
  return {
    eventId: typeof eventId === 'string' ? eventId.replaceAll('\u0000', '') : null,
    orderId: !isOfCoupon && typeof orderId === 'number' && Number.isSafeInteger(orderId) ? orderId : null,
    requestId: isOfCoupon && typeof requestId === 'string' && /^[\w.:-]{1,100}$/.test(requestId) ? requestId : null,
  };
}

/** The workflow that a record of this subject leads to. */
export function workflowOf({ orderId, requestId }: RecordSubject): string | undefined {
  if (requestId !== null) return couponWorkflowId(requestId);
  return orderId === null ? undefined : orderWorkflowId(orderId);
}
