import { findTopic } from './topics';
import { couponWorkflowId, orderWorkflowId } from './workflow-api';

/** What a record is about, as far as its value says so. */
export interface RecordSubject {
  readonly eventId: string | null;
  readonly orderId: number | null;
  readonly requestId: string | null;
}

const NO_SUBJECT: RecordSubject = { eventId: null, orderId: null, requestId: null };

/** Whether records of a topic are about requests for coupons, and not about orders. */
export function isAboutRequest(topic: string): boolean {
  return findTopic(topic)?.key === 'requestId';
}

/** Reads what it can of any value; a field that names no subject of its topic, such as a trace's requestId, is ignored. */
export function subjectOf(topic: string, value: Buffer | null): RecordSubject {
  let event: unknown;
  try {
    event = value === null ? null : JSON.parse(value.toString());
  } catch {
    return NO_SUBJECT;
  }
  if (typeof event !== 'object' || event === null) return NO_SUBJECT;
  const { eventId, orderId, requestId } = event as Record<string, unknown>;
  const isRequest = isAboutRequest(topic);
  return {
    eventId: typeof eventId === 'string' ? eventId.replaceAll('\u0000', '') : null,
    orderId: !isRequest && typeof orderId === 'number' && Number.isSafeInteger(orderId) ? orderId : null,
    requestId: isRequest && typeof requestId === 'string' && /^[\w.:-]{1,100}$/.test(requestId) ? requestId : null,
  };
}

/** The workflow that a record of this subject leads to. */
export function workflowOf({ orderId, requestId }: RecordSubject): string | undefined {
  if (requestId !== null) return couponWorkflowId(requestId);
  return orderId === null ? undefined : orderWorkflowId(orderId);
}
