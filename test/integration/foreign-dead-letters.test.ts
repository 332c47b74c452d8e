import { randomUUID } from 'node:crypto';
import type { DeadLetterGroup, DeadLetterSummary, DeadLetterView } from '../../contracts/responses/dead-letters';
import { Broker, type WrittenRecord } from '../support/broker';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { SHARED_SYSTEM } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ordersaga } from '../support/operator-command';
import { until } from '../support/until';

const THEIRS = 'billing-invoices';
const THEIR_DEAD_LETTERS = 'billing-invoices-dlt';
const CLASS = 'com.example.billing.InvoiceIssued';
/** As a schema registry's serializer writes a record: no text, and what looks like Base64 stays as it is. */
const BYTES = Buffer.concat([Buffer.from([0x00, 0xff, 0xfe, 0x07]), Buffer.from('aW52b2ljZQ==\r\n')]);

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

let offset = 7_000_000_000n;

/** As Spring Kafka's DeadLetterPublishingRecoverer writes it: the record itself, another each time, and where it stood in headers. */
function springDeadLetter(key: Buffer | null): WrittenRecord {
  return {
    key,
    value: BYTES,
    partition: 1,
    headers: {
      __TypeId__: CLASS,
      'kafka_dlt-original-topic': THEIRS,
      'kafka_dlt-original-partition': int32(2),
      'kafka_dlt-original-offset': int64(offset++),
      'kafka_dlt-original-timestamp': int64(1_767_229_200_000n),
      'kafka_dlt-original-timestamp-type': 'CreateTime',
      'kafka_dlt-original-consumer-group': 'billing',
      'kafka_dlt-exception-fqcn': 'org.springframework.kafka.listener.ListenerExecutionFailedException',
      'kafka_dlt-exception-cause-fqcn': 'java.lang.IllegalStateException',
      'kafka_dlt-exception-message': 'Listener failed; no such invoice',
      'kafka_dlt-exception-stacktrace': 'org.springframework.kafka.listener.ListenerExecutionFailedException\n\tat …',
    },
  };
}

jest.setTimeout(120_000);

describe("another system's dead-letter topic, named in FOREIGN_DEAD_LETTER_TOPICS,", () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();
  let reader: Broker;

  beforeAll(async () => {
    for (const topic of [THEIRS, THEIR_DEAD_LETTERS]) await broker.makeTopic(topic, { numPartitions: 3 });
    reader = await fixture.open(new Broker([THEIRS], SHARED_SYSTEM));
    await fixture.another('bridge', shop.system, { FOREIGN_DEAD_LETTER_TOPICS: ` ${THEIR_DEAD_LETTERS} ` });
  });

  const operator = new DeadLetterOperator(shop);
  /** Writes a dead letter as they do, and waits until it is indexed. */
  async function indexed(record: WrittenRecord): Promise<DeadLetterView> {
    const offset = await broker.write(THEIR_DEAD_LETTERS, record);
    const { body } = await until(
      'their dead letter to be indexed',
      () => operator.ask<DeadLetterView>('GET', `/${THEIR_DEAD_LETTERS}/${record.partition}/${offset}`),
      ({ status }) => status === 200,
    );
    return body.data;
  }

  test('is indexed raw as Spring writes it, shown, and decoded byte for byte', async () => {
    const key = Buffer.from(`invoice-${randomUUID()}`);
    const deadLetter = await indexed(springDeadLetter(key));
    expect(deadLetter).toMatchObject({
      state: 'WAITING',
      topic: THEIRS,
      origin: { partition: 2, offset: '7000000000', at: '2026-01-01T01:00:00.000Z' },
      consumerGroup: 'billing',
      code: 'java.lang.IllegalStateException',
      message: 'Listener failed; no such invoice',
      key: key.toString(),
      keyBase64: key.toString('base64'),
      value: null,
      valueBase64: BYTES.toString('base64'),
      valueBytes: BYTES.length,
      headers: { __TypeId__: [CLASS] },
      replayCount: 0,
    });
    const listed = await operator.ask<DeadLetterSummary[]>('GET', `?topic=${THEIRS}&key=${key}`);
    expect(listed.body.data.map(({ id }) => id)).toEqual([deadLetter.id]);
    const groups = await operator.ask<DeadLetterGroup[]>('GET', `/groups?key=${key}`);
    expect(groups.body.data).toMatchObject([
      { topic: THEIRS, code: 'java.lang.IllegalStateException', state: 'WAITING', count: 1 },
    ]);

    const environment = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
    const decoded = await ordersaga(['dlt', 'decode', deadLetter.id], environment);
    expect([decoded.exitCode, decoded.stdout.equals(BYTES)]).toEqual([0, true]);
    const shown = await ordersaga(['dlt', 'show', deadLetter.id], environment);
    expect([shown.exitCode, shown.stdout.toString()]).toEqual([0, expect.stringContaining('no such invoice')]);
  });

  test('that says nothing of where its records came from is named after their topic', async () => {
    const deadLetter = await indexed({ key: null, value: 'text, and no header at all', partition: 0 });
    expect(deadLetter).toMatchObject({
      topic: THEIRS,
      origin: { partition: -1, offset: '-1', at: null },
      consumerGroup: null,
      message: null,
      key: null,
      value: 'text, and no header at all',
    });
  });

  test.each([
    ['text', Buffer.from(`invoice-${randomUUID()}`)],
    ['bytes', Buffer.from([0xff, 0x00, 0x01])],
    ['none', null],
  ])('is not sent back to, unless overridden: then the record arrives byte for byte, key: %s', async (_, key) => {
    const { id } = await indexed(springDeadLetter(key));
    const command = { decisionId: randomUUID(), reason: 'the invoice is there now' };
    const refused = await operator.ask('POST', `/${id}/replay`, command);
    expect([refused.status, refused.body]).toMatchObject([409, { code: 'TOPIC_NOT_OURS', topic: THEIRS }]);
    expect((await operator.ask<DeadLetterView>('GET', `/${id}`)).body.data.state).toBe('WAITING');

    const overridden = { ...command, override: true };
    for (const times of ['once', 'again']) {
      const { status, body } = await operator.ask<DeadLetterView>('POST', `/${id}/replay`, overridden);
      expect([times, status, body.data.state]).toEqual([times, 202, 'REPLAYED']);
    }
    const arrived = await until(
      'the record to arrive in their topic',
      async () => reader.recordsOf(THEIRS).filter(({ headers }) => text(headers, 'ordersaga-replay-of') === id),
      (records) => records.length > 0,
    );
    expect(arrived.map((record) => [record.key, record.value])).toEqual([[key, BYTES]]);
    const [{ headers } = { headers: {} }] = arrived;
    expect(text(headers, '__TypeId__')).toBe(CLASS);
    expect(Object.keys(headers).filter((name) => name.startsWith('kafka_dlt-'))).toEqual([]);
    const sent = shop.db('outbox').whereRaw(`headers->>'ordersaga-replay-of' = ?`, [id]);
    expect(await sent.pluck('topic')).toEqual([THEIRS]);
  });

  test('keeps its key, whatever an edit says that looks like one of our ids', async () => {
    const key = Buffer.from(`invoice-${randomUUID()}`);
    const { id } = await indexed(springDeadLetter(key));
    const command = { decisionId: randomUUID(), reason: 'mended', override: true, value: '{"orderId": 7}' };
    expect((await operator.ask('POST', `/${id}/replay`, command)).status).toBe(202);
    expect(await reader.untilRecords(THEIRS, [key.toString()])).toMatchObject([{ value: Buffer.from(command.value) }]);
  });
});

const text = (headers: Readonly<Record<string, Buffer>>, name: string) => headers[name]?.toString();
