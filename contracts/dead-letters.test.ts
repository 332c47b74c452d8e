import { deadLetterOf, decodeDeadLetter, encodeDeadLetter, DEAD_LETTER_HEADERS as H } from './dead-letters';

const record = {
  topic: 'shipment.status',
  partition: 2,
  offset: '9007199254740993',
  timestamp: '1767229200000',
  key: Buffer.from([0x00, 0xff]),
  value: Buffer.from([0xff, 0xfe, 0x00, 0x7b]),
  headers: { traceparent: [Buffer.from('00-a-b-01')], twice: [Buffer.from('1'), Buffer.from([0xfe])] },
};
const cause = { code: 'NOT_UTF8', message: 'the value is not UTF-8', group: 'shipment-status-group' } as const;

describe('a dead letter', () => {
  it('comes back byte for byte, value, key and headers', () => {
    const deadLetter = decodeDeadLetter(encodeDeadLetter(record, cause));
    expect(deadLetter.original).toEqual({
      ...record,
      headers: { ...record.headers, [H.replayCount]: [Buffer.from('0')] },
    });
    expect(deadLetter).toMatchObject({ ...cause, replayCount: 0 });
  });

  it('carries the place of the record as Spring writes it: big-endian numbers', () => {
    const { headers, key, value } = encodeDeadLetter(record, cause);
    expect(headers[H.originalPartition]).toEqual([Buffer.from([0, 0, 0, 2])]);
    expect(headers[H.originalOffset]?.[0]?.readBigInt64BE()).toBe(9007199254740993n);
    expect(headers[H.originalTimestamp]?.[0]?.readBigInt64BE()).toBe(1767229200000n);
    expect(headers[H.originalTopic]?.toString()).toBe('shipment.status');
    expect(headers[H.valueEncoding]?.toString()).toBe('base64');
    expect(key).toEqual(record.key);
    expect(value?.toString()).toBe(record.value.toString('base64'));
  });

  it('keeps a null value and an absent key apart from empty ones', () => {
    const empty = { ...record, key: Buffer.alloc(0), value: Buffer.alloc(0) };
    expect(decodeDeadLetter(encodeDeadLetter(empty, cause)).original).toMatchObject({
      key: empty.key,
      value: empty.value,
    });
    const none = { ...record, key: null, value: null };
    expect(decodeDeadLetter(encodeDeadLetter(none, cause)).original).toMatchObject({ key: null, value: null });
  });

  it('is read raw where another system wrote it without an encoding', () => {
    const value = Buffer.from('{"orderId":1}');
    const deadLetter = decodeDeadLetter({ key: null, value, headers: { [H.originalTopic]: [Buffer.from('t')] } });
    expect(deadLetter.original).toMatchObject({ topic: 't', value, partition: -1, offset: '-1' });
  });

  it('keeps the count of replays and replaces what an earlier death wrote', () => {
    const again = { ...record, headers: { [H.replayCount]: [Buffer.from('2')], [H.code]: [Buffer.from('OLD')] } };
    const deadLetter = encodeDeadLetter(again, cause);
    expect(decodeDeadLetter(deadLetter)).toMatchObject({ replayCount: 2, code: 'NOT_UTF8' });
  });

  it('of what was worked on for a while fits the outbox and reads like any other', () => {
    const event = { orderId: 42, retryCount: 3, eventId: 'e' };
    const { value, headers } = deadLetterOf({
      record: { topic: 'order-retry-topic', partition: 1, offset: '7', timestamp: '1767229200000' },
      key: '42',
      value: JSON.stringify(event),
      replayCount: 2,
      cause: { code: 'RETRIES_EXHAUSTED', message: 'given up', group: 'order-retry-group' },
    });
    const deadLetter = decodeDeadLetter({
      key: Buffer.from('42'),
      value: Buffer.from(value),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, content]) => [
          name,
          [typeof content === 'string' ? Buffer.from(content) : Buffer.from(content.base64, 'base64')],
        ]),
      ),
    });
    expect(JSON.parse(deadLetter.original.value?.toString() ?? '')).toEqual(event);
    expect(deadLetter).toMatchObject({
      code: 'RETRIES_EXHAUSTED',
      replayCount: 2,
      group: 'order-retry-group',
      original: { topic: 'order-retry-topic', partition: 1, offset: '7', timestamp: '1767229200000' },
    });
  });

  it('keeps a key that is longer than what is shown of texts, and heals one that was cut', () => {
    const key = Buffer.alloc(4_000, 0xfe);
    const deadLetter = encodeDeadLetter({ ...record, key }, cause);
    expect(decodeDeadLetter(deadLetter).original.key).toEqual(key);
    expect(decodeDeadLetter({ ...deadLetter, key: null }).original.key).toEqual(key);
    const cut = { ...deadLetter.headers, [H.key]: [Buffer.from(`${key.toString('base64').slice(0, 4_000)}…`)] };
    expect(decodeDeadLetter({ ...deadLetter, headers: cut }).original.key).toEqual(key);
  });

  it.each([
    ['five bytes', Buffer.from([0, 0, 0, 0, 7]), '-1'],
    ['four bytes', Buffer.from([0, 0, 0, 7]), '-1'],
    ['nothing', Buffer.alloc(0), '-1'],
    ['digits', Buffer.from('12345'), '12345'],
    ['eight digits', Buffer.from('12345678'), '12345678'],
    ['digits without end', Buffer.from('9'.repeat(30)), '-1'],
    ['words', Buffer.from('latest'), '-1'],
  ])('reads an offset of others that is %s', (_, bytes, offset) => {
    const headers = { [H.originalOffset]: [bytes], [H.originalPartition]: [bytes], [H.originalTimestamp]: [bytes] };
    expect(decodeDeadLetter({ key: null, value: null, headers }).original.offset).toBe(offset);
  });

  it("takes names of others as a database holds them, and an exception's class for the cause", () => {
    const name = (text: string) => [Buffer.from(text)];
    const theirs = {
      [H.originalTopic]: name('a\u0000b'),
      [H.originalConsumerGroup]: name('g'.repeat(1_000)),
      [H.exceptionFqcn]: name('com.example.Wrapper'),
      [H.exceptionCauseFqcn]: name('java.lang.IllegalStateException'),
      [H.exceptionMessage]: name('no such thing'),
    };
    const deadLetter = decodeDeadLetter({ key: null, value: null, headers: theirs });
    expect(deadLetter).toMatchObject({
      code: 'java.lang.IllegalStateException',
      message: 'no such thing',
      group: 'g'.repeat(249),
      original: { topic: 'ab', headers: {} },
    });
    expect(Object.keys(deadLetter.exceptionHeaders)).toEqual([H.exceptionFqcn, H.exceptionCauseFqcn]);
    expect(decodeDeadLetter(encodeDeadLetter(record, cause)).exceptionHeaders).toEqual({});
  });
});
