/**
 * How a record that can't be worked on is written to its `<topic>.DLT`: Base64 of its bytes, with the headers of Spring
 * Kafka's DeadLetterPublishingRecoverer (numbers big-endian) and a few of our own.
 */
import { type DeadLetterReplay, type HeaderBytes, idIn, type OriginalRecord, type RecordPosition } from './record';

/** A dead letter is Base64 of a record that may be as large as the broker takes. */
export const DEAD_LETTER_MAX_BYTES = 4 * 1024 * 1024;

/** Where records of a topic go that cannot be worked on. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.DLT`;
}

export const DEAD_LETTER_HEADERS = {
  originalTopic: 'kafka_dlt-original-topic',
  originalPartition: 'kafka_dlt-original-partition',
  originalOffset: 'kafka_dlt-original-offset',
  originalTimestamp: 'kafka_dlt-original-timestamp',
  originalTimestampType: 'kafka_dlt-original-timestamp-type',
  originalConsumerGroup: 'kafka_dlt-original-consumer-group',
  exceptionFqcn: 'kafka_dlt-exception-fqcn',
  exceptionCauseFqcn: 'kafka_dlt-exception-cause-fqcn',
  exceptionMessage: 'kafka_dlt-exception-message',
  exceptionStacktrace: 'kafka_dlt-exception-stacktrace',
  /** `base64`; absent: the value is raw. A null value stays null. */
  valueEncoding: 'ordersaga-value-encoding',
  /** Base64 of the key's bytes, because not every tool shows binary keys; absent: the record had no key. */
  key: 'ordersaga-key',
  /** A stable code such as UNKNOWN_ORDER. */
  code: 'ordersaga-code',
  /** How often operators have sent this record back, as decimal text. */
  replayCount: 'ordersaga-replay-count',
  /** Of a record that was sent back: the position of its dead letter, and the decision that sent it. */
  replayOf: 'ordersaga-replay-of',
  decisionId: 'ordersaga-decision',
  /** Of the record that is sent next for a blocked key: the token by which it passes those that wait. */
  releaseToken: 'ordersaga-turn',
} as const;

export type DeadLetterCode =
  | 'NOT_UTF8'
  | 'NOT_JSON'
  | 'NO_VALUE'
  | 'WRONG_SCHEMA'
  | 'UNREADABLE_TIME'
  /** Its bytes are withheld. */
  | 'CARD_NUMBER'
  | 'UNKNOWN_ORDER'
  | 'UNKNOWN_COUPON'
  | 'UNKNOWN_COUPON_REQUEST'
  | 'NOT_THE_REQUEST'
  | 'REFUSED_BY_TEMPORAL'
  | 'REFUSED_BY_DATABASE'
  | 'REFUSED_BY_BROKER'
  | 'RETRIES_EXHAUSTED'
  | 'ISSUE_FAILED';

/** The longest name of a topic; longer names of classes and groups are cut. */
const MAX_NAME = 249;

/** A name in a header of any system, as a database's text and its indexes take it; undefined: there is none. */
function nameIn(header: Buffer | null | undefined): string | undefined {
  return header?.toString().replaceAll('\u0000', '').slice(0, MAX_NAME) || undefined;
}

export interface DeadLetterCause {
  readonly code: DeadLetterCode;
  readonly message: string;
  /** The group that gave the record up; absent: it was never read. */
  readonly group?: string | undefined;
  readonly stack?: string;
}

/** A record of a dead-letter topic. */
export interface DeadLetterMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: HeaderBytes;
}

export interface DeadLetter {
  readonly original: OriginalRecord;
  /** The cause: our code, or the class of another system's exception. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly group: string | undefined;
  readonly replayCount: number;
  /** The decision whose replay became this dead letter. */
  readonly decisionId: string | undefined;
  /** By which the record had passed those that wait behind it. */
  readonly releaseToken: string | undefined;
  /** What another system's recoverer wrote of the exception: no part of the record. */
  readonly exceptionHeaders: HeaderBytes;
}

const H = DEAD_LETTER_HEADERS;
/** Added to a record that is sent back; its next dead letter keeps them. */
const OF_REPLAYS: readonly string[] = [H.replayCount, H.replayOf, H.decisionId, H.releaseToken];
const ADDED: ReadonlySet<string> = new Set(Object.values(H).filter((name) => !OF_REPLAYS.includes(name)));
const OF_EXCEPTIONS: readonly string[] = [H.exceptionFqcn, H.exceptionCauseFqcn, H.exceptionStacktrace];
const EXCEPTION_CLASS = 'ordersaga.PoisonRecord';
const MAX_TEXT = 4_000;

const text = (value: string) => [Buffer.from(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value)];
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return [bytes];
};
const int64 = (value: string) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return [bytes];
};

/** The dead letter of a record, for `deadLetterTopic(record.topic)`; the record's own headers are kept. */
export function encodeDeadLetter(record: OriginalRecord, cause: DeadLetterCause): DeadLetterMessage {
  const kept = Object.entries(record.headers).filter(([name]) => !ADDED.has(name));
  return {
    key: record.key,
    value: record.value === null ? null : Buffer.from(record.value.toString('base64')),
    headers: {
      [H.replayCount]: text('0'),
      ...Object.fromEntries(kept),
      [H.originalTopic]: text(record.topic),
      [H.originalPartition]: int32(record.partition),
      [H.originalOffset]: int64(record.offset),
      [H.originalTimestamp]: int64(record.timestamp),
      [H.originalTimestampType]: text('CreateTime'),
      ...(cause.group === undefined ? {} : { [H.originalConsumerGroup]: text(cause.group) }),
      [H.exceptionFqcn]: text(EXCEPTION_CLASS),
      [H.exceptionMessage]: text(`${cause.code}: ${cause.message}`),
      ...(cause.stack === undefined ? {} : { [H.exceptionStacktrace]: text(cause.stack) }),
      [H.valueEncoding]: text('base64'),
      ...(record.key === null ? {} : { [H.key]: [Buffer.from(record.key.toString('base64'))] }),
      [H.code]: text(cause.code),
    },
  };
}

/** Reads a dead letter back, ours or one that Spring wrote raw; the original comes out byte for byte. */
export function decodeDeadLetter(message: DeadLetterMessage): DeadLetter {
  const one = (name: string) => message.headers[name]?.at(-1) ?? undefined;
  const isBase64 = one(H.valueEncoding)?.toString() === 'base64';
  const key = one(H.key);
  const code = nameIn(one(H.code));
  const exceptionMessage = one(H.exceptionMessage)?.toString();
  const headers = Object.entries(message.headers);
  return {
    original: {
      topic: nameIn(one(H.originalTopic)) ?? '',
      partition: Number(numberIn(one(H.originalPartition), 4)),
      offset: numberIn(one(H.originalOffset), 8).toString(),
      timestamp: numberIn(one(H.originalTimestamp), 8).toString(),
      key: message.key ?? (key === undefined ? null : Buffer.from(key.toString(), 'base64')),
      value: message.value !== null && isBase64 ? Buffer.from(message.value.toString(), 'base64') : message.value,
      headers: Object.fromEntries(headers.filter(([name]) => !ADDED.has(name))),
    },
    code: code ?? nameIn(one(H.exceptionCauseFqcn)) ?? nameIn(one(H.exceptionFqcn)),
    message: code === undefined ? exceptionMessage : exceptionMessage?.replace(`${code}: `, ''),
    group: nameIn(one(H.originalConsumerGroup)),
    replayCount: Number(one(H.replayCount)?.toString() ?? 0),
    decisionId: idIn(one(H.decisionId)),
    releaseToken: idIn(one(H.releaseToken)),
    exceptionHeaders:
      code === undefined ? Object.fromEntries(headers.filter(([name]) => OF_EXCEPTIONS.includes(name))) : {},
  };
}

/** A number in a header, big-endian as Spring writes it or in digits; -1: there is none. No number of our age looks like digits in binary. */
function numberIn(bytes: Buffer | undefined, size: 4 | 8): bigint {
  const digits = bytes?.toString('latin1') ?? '';
  if (/^\d+$/.test(digits) && digits.length <= 2 * size) return BigInt(digits);
  if (bytes?.length !== size) return -1n;
  return size === 4 ? BigInt(bytes.readInt32BE()) : bytes.readBigInt64BE();
}

/** The replay that a record is; undefined: it is none. */
export function replayIn(headers: HeaderBytes): DeadLetterReplay | undefined {
  const [of, decisionId] = [idIn(headers[H.replayOf]?.at(-1)), idIn(headers[H.decisionId]?.at(-1))];
  return of === undefined || decisionId === undefined ? undefined : { of, decisionId };
}

/** The dead letter of something that was worked on for a while, as an outbox row takes it: text, or bytes in Base64. */
export function deadLetterOf(dead: {
  readonly record: RecordPosition;
  readonly key: string;
  readonly value: string;
  readonly replayCount: number;
  /** The replay that it was worked on by. */
  readonly replay?: DeadLetterReplay | undefined;
  readonly cause: DeadLetterCause;
}): { value: string; headers: Record<string, string | { readonly base64: string }> } {
  const { record, key, value, replayCount, replay, cause } = dead;
  const deadLetter = encodeDeadLetter(
    {
      ...record,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: {
        [H.replayCount]: text(String(replayCount)),
        ...(replay ? { [H.replayOf]: text(replay.of), [H.decisionId]: text(replay.decisionId) } : {}),
      },
    },
    cause,
  );
  const binary: readonly string[] = [H.originalPartition, H.originalOffset, H.originalTimestamp];
  return {
    value: deadLetter.value?.toString() ?? '',
    headers: Object.fromEntries(
      Object.entries(deadLetter.headers).map(([name, [bytes]]) => [
        name,
        binary.includes(name) ? { base64: bytes?.toString('base64') ?? '' } : (bytes?.toString() ?? ''),
      ]),
    ),
  };
}
