import { isWithheld, keepable, recordHoldsCardNumber, withheld } from './withheld-record';

const CARD = '4111111111111111';
const record = (value: string | Buffer | null, more: object = {}) => ({
  ...{ topic: 'order-processing-topic', partition: 1, offset: '7', timestamp: '1767229200000' },
  ...{ key: Buffer.from('1'), value: value === null ? null : Buffer.from(value), headers: {} },
  ...more,
});
const json = (event: object) => record(JSON.stringify({ eventId: 'e-1', orderId: 1, ...event }));

describe('a record that holds a card number', () => {
  it.each(['eventId', 'phone', 'note'])('is found in megabytes of %s', (field) => {
    for (const part of ['x', '4', '\\"', '1.5,'])
      expect([part, recordHoldsCardNumber(json({ [field]: part.repeat(3_000_000), card: CARD }))]).toEqual([
        part,
        true,
      ]);
  });

  it.each([
    ['as its token', json({ requestDto: { paymentRequest: { method: 'CARD', token: CARD } } })],
    ['in a field that nobody reads', json({ note: `paid with 4111 1111 1111 1111` })],
    ['as a number', json({ card: Number(CARD) })],
    ['in the name of a field', json({ [CARD]: true })],
    ['escaped', record(`{"note":"${[...CARD].map((digit) => `\\u003${digit}`).join('')}"}`)],
    ['with line ends between', json({ note: '4111\n1111\n1111\n1111' })],
    ['as its phone', json({ phone: CARD })],
    ['in a field that is there twice', record(`{"note":"${CARD}","note":"paid"}`)],
    ['in what is no JSON', record(`{"note":"${CARD}`)],
    ['in what is no UTF-8', record(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(CARD)]))],
    ['in UTF-16', record(Buffer.from(CARD, 'utf16le'))],
    ['as its key', record('{}', { key: Buffer.from(CARD) })],
    ['in a header', record('{}', { headers: { note: [null, Buffer.from(`${CARD}!`)] } })],
  ])('%s: is known, and nothing of it is kept', (_where, one) => {
    expect(recordHoldsCardNumber(one)).toBe(true);
    const kept = withheld(one);
    expect(recordHoldsCardNumber(kept)).toBe(false);
    expect(isWithheld(kept.value as Buffer)).toBe(true);
    expect(JSON.parse(String(kept.value))).toMatchObject({ topic: one.topic, partition: 1, offset: '7' });
    expect(withheld(kept)).toMatchObject({ key: kept.key });
  });

  it('keeps what it is about: its order, its event, its key', () => {
    const { key, value, headers } = withheld({
      ...json({ note: CARD }),
      headers: { traceparent: [Buffer.from('00')] },
    });
    expect(JSON.parse(String(value))).toMatchObject({ withheld: 'CARD_NUMBER', orderId: 1, eventId: 'e-1' });
    expect({ key: key?.toString(), headers: Object.keys(headers) }).toEqual({ key: '1', headers: ['traceparent'] });
  });

  it.each([
    ['an id of an event', json({ eventId: CARD })],
    ['a phone number', json({ phone: '378282246310005' })],
    ['a number of a parcel', json({ trackingNumber: CARD })],
    ['a place on the map', record(`{"at":[37.5112356789012345, -4.111111111111111]}`)],
    ['an order with a long id, which is its key', record(`{"orderId":${CARD}}`, { key: Buffer.from(CARD) })],
    ['a trace', record('{}', { headers: { traceparent: [Buffer.from(`00-${CARD}${CARD}-${CARD}-01`)] } })],
    ['nothing', record(null, { key: null })],
  ])('is not taken for one by %s', (_what, one) => {
    expect(recordHoldsCardNumber(one)).toBe(false);
  });

  it('as the dead letter of another system keeps neither its bytes nor the words about it', () => {
    const deadLetter = {
      ...{ code: 'com.example.Failed', group: 'g', replayCount: 0, decisionId: undefined, releaseToken: undefined },
      original: json({ note: CARD }),
      message: `can't read ${CARD}`,
      exceptionHeaders: { 'kafka_dlt-exception-stacktrace': [Buffer.from(`can't read ${CARD}`)] },
    };
    const kept = keepable(deadLetter);
    expect(kept).toMatchObject({ code: deadLetter.code, message: undefined, exceptionHeaders: {} });
    expect(isWithheld(kept.original.value as Buffer)).toBe(true);
    expect(keepable(kept)).toEqual(kept);
  });
});
