/** Kafka topics, each defined once; their names, keys and groups are public interface. */
import { z } from 'zod';
import { ORDER_STATUSES } from '../domain/order-status';
import { deadLetterTopic } from './dead-letters';
import {
  couponIssueEventSchema,
  EXAMPLE_COUPON_ISSUE,
  EXAMPLE_ENVELOPE,
  envelope,
  orderIdSchema,
  orderProcessingEventSchema,
  shipmentStatusEventSchema,
  shortageSchema,
  userEmailSchema,
} from './events';
import { externalId, externalText } from './external-text';
import type { ConsumerSettings } from './record';

export { DEAD_LETTER_MAX_BYTES, deadLetterTopic } from './dead-letters';

export interface TopicDefinition<Event = unknown> {
  readonly name: string;
  /** What its events say. */
  readonly summary: string;
  /** Whether other systems may publish its events, or read them; absent: it is this system's alone. */
  readonly others?: 'publish' | 'read';
  readonly schema: z.ZodType<Event>;
  /** The field of the event that is the record's key. */
  readonly key: 'orderId' | 'requestId';
  /** Its records hold the token of a card: published outbox rows are erased. */
  readonly holdsToken?: true;
  /** Absent: only other systems read the topic. */
  readonly consumer?: ConsumerSettings;
}

const DEFINITIONS = {
  stockDecreaseRequested: {
    name: 'stock.decrease.requested',
    summary: 'An order was placed, and its stock is to be held.',
    schema: z
      .object({
        ...envelope,
        orderId: orderIdSchema,
        userEmail: userEmailSchema,
        lines: z.array(z.object({ sku: externalId({ max: 64 }), quantity: z.number().int().positive() })).min(1),
      })
      .meta({
        examples: [
          {
            ...EXAMPLE_ENVELOPE,
            orderId: 17,
            userEmail: 'kim@example.com',
            lines: [{ sku: 'MUG', quantity: 2 }],
          },
        ],
      }),
    key: 'orderId',
    consumer: { groupId: 'order-stock-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  },
  stockDecreaseFailed: {
    name: 'stock.decrease.failed',
    summary: 'The stock of an order could not be held: the order is cancelled.',
    others: 'read',
    schema: z
      .object({
        ...envelope,
        orderId: orderIdSchema,
        reason: externalText({ max: 500 }),
        shortages: z.array(shortageSchema).default([]),
      })
      .meta({
        examples: [
          {
            ...EXAMPLE_ENVELOPE,
            orderId: 17,
            reason: 'STOCK_SHORTAGE',
            shortages: [{ sku: 'MUG', requested: 2, available: 1 }],
          },
        ],
      }),
    key: 'orderId',
    consumer: { groupId: 'order-compensation-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  },
  orderProcessing: {
    name: 'order-processing-topic',
    summary: 'An order is to be paid and shipped.',
    others: 'publish',
    schema: orderProcessingEventSchema,
    key: 'orderId',
    holdsToken: true,
    consumer: { groupId: 'order-processing-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  },
  orderRetry: {
    name: 'order-retry-topic',
    summary: 'An attempt to pay and ship failed for a fault that may pass, and is to be made again.',
    schema: orderProcessingEventSchema,
    key: 'orderId',
    holdsToken: true,
    consumer: { groupId: 'order-retry-group', partitionsAtOnce: 1, keysAtOnce: 1 },
  },
  shipmentStatus: {
    name: 'shipment.status',
    summary: 'The carrier has news of a parcel.',
    others: 'publish',
    schema: shipmentStatusEventSchema,
    key: 'orderId',
    consumer: { groupId: 'shipment-status-group', partitionsAtOnce: 2, keysAtOnce: 32, blocksKeys: true },
  },
  orderStatusChanged: {
    name: 'order.status.changed',
    summary: 'An order has moved from one status to the next.',
    others: 'read',
    schema: z
      .object({
        ...envelope,
        orderId: orderIdSchema,
        from: z.enum(ORDER_STATUSES).nullable(),
        to: z.enum(ORDER_STATUSES),
        reason: externalText({ max: 500 }).optional(),
      })
      .meta({
        examples: [
          {
            ...EXAMPLE_ENVELOPE,
            orderId: 17,
            from: 'PENDING_PAYMENT',
            to: 'PAYMENT_COMPLETED',
          },
        ],
      }),
    key: 'orderId',
  },
  couponIssue: {
    name: 'coupon.issue',
    summary: 'A request for a coupon was admitted, and the coupon is to be issued.',
    schema: couponIssueEventSchema,
    key: 'requestId',
    consumer: { groupId: 'coupon-issue-group', partitionsAtOnce: 2, keysAtOnce: 32 },
  },
  couponIssued: {
    name: 'coupon.issued',
    summary: 'A coupon was issued to a user.',
    others: 'read',
    schema: couponIssueEventSchema
      .extend({ issuedAt: externalId({ max: 64 }) })
      .meta({ examples: [{ ...EXAMPLE_COUPON_ISSUE, issuedAt: '2026-11-28T09:00:00.000Z' }] }),
    key: 'requestId',
  },
} as const satisfies Record<string, TopicDefinition>;

type Definitions = typeof DEFINITIONS;
type ByName = { [Id in keyof Definitions as Definitions[Id]['name']]: Definitions[Id] };

export type Topic = keyof ByName;
export type ConsumedTopic = { [T in Topic]: ByName[T] extends { consumer: ConsumerSettings } ? T : never }[Topic];
type Events = { [T in Topic]: z.output<ByName[T]['schema']> };
export type EventOf<T extends Topic> = Events[T];
/** What an event is made of: the rest of its envelope is added. */
export type EventInput<T extends Topic> = Omit<z.input<ByName[T]['schema']>, 'eventId' | 'schemaVersion'>;

/** All of them. */
export const TOPIC_DEFINITIONS: readonly (TopicDefinition & { readonly name: Topic })[] = Object.values(DEFINITIONS);

export const TOPICS = Object.fromEntries(Object.entries(DEFINITIONS).map(([id, { name }]) => [id, name])) as {
  readonly [Id in keyof Definitions]: Definitions[Id]['name'];
};

/** The definition of a topic of any name; undefined: it is another system's. */
export function findTopic(name: string): TopicDefinition | undefined {
  return TOPIC_DEFINITIONS.find((definition) => definition.name === name);
}

export function topicDefinition<T extends Topic>(topic: T): TopicDefinition<EventOf<T>> {
  return findTopic(topic) as TopicDefinition<EventOf<T>>;
}

/** The topics that this system reads. */
export const CONSUMED = TOPIC_DEFINITIONS.flatMap(({ name, consumer }) =>
  consumer ? [{ topic: name as ConsumedTopic, ...consumer }] : [],
);

/** The topics that this system reads by an order's id. */
export const KEYED_BY_ORDER: readonly Topic[] = TOPIC_DEFINITIONS.filter(
  ({ key, consumer }) => consumer && key === 'orderId',
).map(({ name }) => name);

/** The group of ours that reads a topic; undefined: none does. */
export function groupOf(topic: string): string | undefined {
  return findTopic(topic)?.consumer?.groupId;
}

/** Topics, dead-letter topics among them, whose records hold the token of a card. */
export const TOPICS_WITH_TOKENS: readonly string[] = TOPIC_DEFINITIONS.filter(({ holdsToken }) => holdsToken).flatMap(
  ({ name }) => [name, deadLetterTopic(name)],
);
