import type { z } from 'zod';
import type { DeadLetterCode } from '../../contracts/dead-letters';
import { parseEventTime } from './event-time';

/** A record that can never be handled: it goes to the dead letters. */
export class PoisonRecord extends Error {
  override readonly name = 'PoisonRecord';
  constructor(
    readonly code: DeadLetterCode,
    message: string,
    options?: { cause: unknown },
  ) {
    super(message, options);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const MAX_ISSUES = 10;

/** Reads a record's value as an event, its time in UTC from here on; throws PoisonRecord. */
export function readEvent<T extends { readonly eventCreatedAt: string }>(
  value: Buffer | null,
  schema: z.ZodType<T>,
  timeZone: string,
): T {
  if (value === null) throw new PoisonRecord('NO_VALUE', 'the record has no value');
  const result = schema.safeParse(readJson(readText(value)));
  if (!result.success) {
    // Paths and rules only: a value may be a card token or an address.
    const problems = result.error.issues.map(
      (issue) => `${issue.path.map(String).join('.') || 'value'}: ${issue.code}`,
    );
    throw new PoisonRecord('WRONG_SCHEMA', problems.slice(0, MAX_ISSUES).join(', '));
  }
  const at = parseEventTime(result.data.eventCreatedAt, timeZone);
  if (!at) throw new PoisonRecord('UNREADABLE_TIME', 'eventCreatedAt is not an ISO 8601 time');
  return { ...result.data, eventCreatedAt: at.toISOString() };
}

function readText(value: Buffer): string {
  try {
    return utf8.decode(value);
  } catch (error) {
    throw new PoisonRecord('NOT_UTF8', 'the value is not UTF-8', { cause: error });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new PoisonRecord('NOT_JSON', 'the value is not JSON', { cause: error });
  }
}
