import { randomUUID } from 'node:crypto';
import { type EventInput, type Topic, topicDefinition } from './topics';

/** An event that does not fit its topic's schema: a fault of ours. */
export class WrongEventError extends Error {
  override readonly name = 'WrongEventError';
}

/** A record's topic, key and value. */
export interface EventRecord {
  readonly topic: Topic;
  readonly key: string;
  readonly value: string;
}

/** Makes the record of a new event; throws WrongEventError. */
export function newEvent<T extends Topic>(topic: T, event: EventInput<T>): EventRecord {
  return eventRecord(topic, { eventId: randomUUID(), ...event });
}

/** The record of an event that has its id, checked; throws WrongEventError. */
export function eventRecord(topic: Topic, event: object): EventRecord {
  const { schema, key } = topicDefinition(topic);
  const checked = schema.safeParse(event);
  if (checked.success)
    return {
      topic,
      key: String((checked.data as Readonly<Record<string, unknown>>)[key]),
      value: JSON.stringify(checked.data),
    };
  // Paths and rules only: a value may be a card's token or an address.
  const problems = checked.error.issues.map(({ path, code }) => `${path.map(String).join('.') || 'event'}: ${code}`);
  throw new WrongEventError(`an event does not fit ${topic}: ${problems.join(', ')}`);
}
