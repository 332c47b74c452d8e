/**
 * Records that hold the number of a payment card. Neither they nor their dead letters are kept: a placeholder says where
 * the record was, and what it was about (docs/decisions/012).
 */
import { holdsCardNumber, isPhone } from '../domain/external-text';
import type { DeadLetter } from './dead-letters';
import type { HeaderBytes, OriginalRecord } from './record';
import { isAboutRequest, subjectOf } from './record-subject';

type RecordBytes = Pick<OriginalRecord, 'topic' | 'key' | 'value' | 'headers'>;

const CARD_NUMBER = 'CARD_NUMBER';
const BEGINNING = `{"withheld":"${CARD_NUMBER}"`;

/** Filled by machines: any digits may be in them. */
const MACHINE_MADE = { ofCoupons: 'eventId|requestId|userId|code', others: 'eventId|orderId|sku|trackingNumber' };
/** Fields of these names, and numbers with a fraction; a longer value is no id that a machine would make. */
const noCardsIn = (names: string) =>
  new RegExp(
    `"(?:${names})"\\s{0,9}:\\s{0,9}(?:"(?:[^"\\\\]|\\\\.){0,400}"|\\d{1,40})|[:,[]\\s{0,9}-?\\d{1,40}\\.\\d{1,40}`,
    'g',
  );
const NO_CARDS_IN = { ofCoupons: noCardsIn(MACHINE_MADE.ofCoupons), others: noCardsIn(MACHINE_MADE.others) };

const PHONES = /"phone"\s{0,9}:\s{0,9}"(?:[^"\\]|\\.){0,100}"/g;

/** Ids of traces, in decimal or hexadecimal, and our own headers. */
const MACHINE_MADE_HEADERS =
  /^(?:traceparent|tracestate|baggage|b3|x-b3-.*|x-datadog-.*|uber-trace-id|ordersaga-.*|kafka_dlt-.*)$/i;

/** Whether a record's key, its value, be it JSON or not, or one of its headers holds a card number. */
export function recordHoldsCardNumber(record: RecordBytes): boolean {
  return valueHolds(record) || keyHolds(record) || Object.entries(record.headers).some(headerHolds);
}

function valueHolds({ topic, value }: RecordBytes): boolean {
  const text = textOf(value)
    .replaceAll(NO_CARDS_IN[isAboutRequest(topic) ? 'ofCoupons' : 'others'], 'x')
    .replaceAll(PHONES, (phone) => (isPhone(phone) ? 'x' : phone));
  return holdsCardNumber(text) || (text.includes('\\') && holdsCardNumber(unescaped(text)));
}

/** JSON may write any character as its code. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([\da-f]{4})|[bfnrt])/gi, (_whole, code?: string) =>
    code === undefined ? ' ' : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function keyHolds({ topic, key, value }: RecordBytes): boolean {
  const text = textOf(key);
  if (!holdsCardNumber(text)) return false;
  const { orderId, requestId } = subjectOf(topic, value);
  return text !== (requestId ?? String(orderId));
}

function headerHolds([name, values]: readonly [string, HeaderBytes[string]]): boolean {
  return !MACHINE_MADE_HEADERS.test(name) && [name, ...values.map(textOf)].some((text) => holdsCardNumber(text));
}

/** As far as it can be read: in UTF-16, too, the digits are there, with zeros between. */
function textOf(bytes: Buffer | null): string {
  return bytes?.toString().replaceAll('\0', '') ?? '';
}

/** What is kept of such a record: its position, its subject, and the key and headers that hold no number. */
export function withheld(record: OriginalRecord): OriginalRecord {
  const { topic, partition, offset, key, value, headers } = record;
  const subject = Object.entries(subjectOf(topic, value)).filter(
    ([, id]) => id !== null && !holdsCardNumber(String(id)),
  );
  const kept = JSON.stringify({ topic, partition, offset, ...Object.fromEntries(subject) });
  return {
    ...record,
    key: keyHolds(record) ? null : key,
    value: Buffer.from(`${BEGINNING},${kept.slice(1)}`),
    headers: Object.fromEntries(Object.entries(headers).filter((header) => !headerHolds(header))),
  };
}

/** Whether this is the placeholder of a value that was withheld. */
export function isWithheld(value: Buffer): boolean {
  return value.subarray(0, BEGINNING.length).toString() === BEGINNING;
}

/** A dead letter of any system, as it may be kept. */
export function keepable(deadLetter: DeadLetter): DeadLetter {
  const { original, message, exceptionHeaders } = deadLetter;
  const exceptions = Object.values(exceptionHeaders).flat();
  const isQuoted = [message ?? '', ...exceptions.map(textOf)].some((text) => holdsCardNumber(text));
  return {
    ...deadLetter,
    original: recordHoldsCardNumber(original) ? withheld(original) : original,
    ...(isQuoted ? { message: undefined, exceptionHeaders: {} } : {}),
  };
}
