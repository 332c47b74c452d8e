import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { DEAD_LETTER_HEADERS as HEADERS } from '../../contracts/dead-letters';
import type { CouponRequestView } from '../../contracts/responses/coupons';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { couponWorkflowId } from '../../contracts/workflow-api';
import { eventOf } from '../support/broker';
import { Fixture } from '../support/fixture';

describe('coupons over Kafka', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.couponIssue, TOPICS.couponIssued, deadLetterTopic(TOPICS.couponIssue)]);
  const redis = new Redis(shop.system.redis as string);
  fixture.defer(() => redis.disconnect());

  /** A coupon that was issued, and its record in Redis; one that Redis did not take within 100 ms is never written. */
  async function issuedWithRecord(): Promise<{ code: string; requestId: string; text: string }> {
    for (let tries = 0; tries < 5; tries++) {
      const code = await shop.coupon(5, { name: 'Opening day' });
      const { requestId } = (await shop.askForCoupon(code)).body.data;
      await shop.couponRequestIs(requestId, 'ISSUED');
      await (await shop.temporal()).workflow.getHandle(couponWorkflowId(requestId)).result();
      const text = await redis.get(`coupon:issued:${requestId}`);
      if (text !== null) return { code, requestId, text };
    }
    throw new Error('none of five has its record in Redis');
  }

  test('a request that comes again makes no second outbox message', async () => {
    const code = await shop.coupon(10);
    const requestId = randomUUID();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => shop.askForCoupon(code, 'kim@example.com', requestId)),
    );
    responses.push(await shop.askForCoupon(code, 'kim@example.com', requestId));
    for (const { status, body } of responses) expect([status, body.data]).toEqual([202, { requestId, rank: 1 }]);

    const other = await shop.askForCoupon(code, 'kim@example.com');
    expect([other.status, other.body.code]).toEqual([409, 'COUPON_ALREADY_REQUESTED']);
    await shop.couponRequestIs(requestId, 'ISSUED');
    expect(await shop.db('outbox').where({ topic: TOPICS.couponIssue, key: requestId })).toHaveLength(1);
    expect(await shop.db('coupon_requests').where({ code })).toHaveLength(1);
    await broker.untilCommitted(TOPICS.couponIssue);
    expect(await broker.untilRecords(TOPICS.couponIssue, [requestId])).toHaveLength(1);
  });

  test('a message that can never be worked on goes to the DLT, where its Base64 is the message', async () => {
    const requestId = randomUUID();
    const value = JSON.stringify(eventOf({ requestId, userId: 'user-1', code: 'NO-SUCH-COUPON', rank: 1 }));
    await broker.write(TOPICS.couponIssue, { key: requestId, value });
    const [deadLetter] = await broker.untilRecords(deadLetterTopic(TOPICS.couponIssue), [requestId]);
    expect(Buffer.from(deadLetter?.value?.toString() ?? '', 'base64').toString()).toBe(value);
    expect(deadLetter?.headers[HEADERS.code]?.toString()).toBe('UNKNOWN_COUPON');
    expect(deadLetter?.headers[HEADERS.originalConsumerGroup]?.toString()).toBe('coupon-issue-group');
  });

  test('a good message leaves its records in Redis and in Postgres, notifies other systems and the customer', async () => {
    const { code, requestId, text } = await issuedWithRecord();
    const row = (await shop.db('coupon_requests').where({ request_id: requestId }).first()) as {
      user_id: string;
      rank: number;
      issued_at: Date;
    };
    const record = { requestId, userId: row.user_id, code, rank: 1, issuedAt: row.issued_at.toISOString() };
    expect(JSON.parse(text)).toEqual(record);
    expect(await shop.db('coupons').where({ code }).first('last_rank', 'taken', 'issued')).toEqual({
      last_rank: 1,
      taken: 1,
      issued: 1,
    });

    const [issued] = await broker.untilRecords(TOPICS.couponIssued, [requestId]);
    expect(JSON.parse(issued?.value?.toString() ?? '')).toMatchObject({ ...record, schemaVersion: 1 });
    const notified = (await shop.db('notifications').where({ coupon_request_id: requestId })) as { body: string }[];
    expect(notified.map((notification) => notification.body)).toEqual(['쿠폰 "Opening day"이(가) 발급되었습니다.']);
    const view = (await shop.call<CouponRequestView>('GET', `/api/coupons/requests/${requestId}`)).body.data;
    expect(view).toEqual({ requestId, code, status: 'ISSUED', rank: 1, issuedAt: record.issuedAt });
  });
});
