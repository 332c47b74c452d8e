/** Kafka topics, their keys and their consumer groups; names are public interface. */
export const TOPICS = {
  stockDecreaseRequested: 'stock.decrease.requested',
  stockDecreaseFailed: 'stock.decrease.failed',
  orderProcessing: 'order-processing-topic',
  orderRetry: 'order-retry-topic',
  shipmentStatus: 'shipment.status',
  orderStatusChanged: 'order.status.changed',
  couponIssue: 'coupon.issue',
  couponIssued: 'coupon.issued',
} as const;
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/**
 * The topics this system reads: who reads, how many partitions at once in a process, how many keys at once in a
 * partition; `waitsBehindDead`: what follows a dead letter of its key waits until that is decided.
 */
export const CONSUMED = [
  { topic: TOPICS.stockDecreaseRequested, groupId: 'order-stock-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  { topic: TOPICS.stockDecreaseFailed, groupId: 'order-compensation-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  { topic: TOPICS.orderProcessing, groupId: 'order-processing-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  { topic: TOPICS.orderRetry, groupId: 'order-retry-group', partitionsAtOnce: 1, keysAtOnce: 1 },
  {
    topic: TOPICS.shipmentStatus,
    groupId: 'shipment-status-group',
    partitionsAtOnce: 2,
    keysAtOnce: 32,
    waitsBehindDead: true,
  },
  { topic: TOPICS.couponIssue, groupId: 'coupon-issue-group', partitionsAtOnce: 2, keysAtOnce: 32 },
] as const satisfies readonly {
  topic: Topic;
  groupId: string;
  partitionsAtOnce: number;
  keysAtOnce: number;
  waitsBehindDead?: true;
}[];

export const PARTITIONS = 3;
/** A dead letter is Base64 of a record that may be as large as the broker takes. */
export const DEAD_LETTER_MAX_BYTES = 4 * 1024 * 1024;

/** Where records of a topic go that cannot be worked on. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.DLT`;
}
