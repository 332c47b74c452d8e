import { randomUUID } from 'node:crypto';
import { encodeDeadLetter } from '../../contracts/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import type { ReplayProgress } from '../../contracts/workflow-api';
import { admitCouponRequests } from '../../db/coupon-requests';
import type { WrittenRecord } from '../support/broker';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

const LETTERS = 1_000;
const RATE = 100;
/** So many that a slow replay of them is never over before it is told to stop. */
const MORE_THAN_ENOUGH = 200;
const BATCH = 250;
const RESTART_MS = 120_000;

jest.setTimeout(240_000);

describe('many dead letters sent back', () => {
  const fixture = new Fixture();
  const system = fixture.system('replay', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([], system);

  const post = <Data>(path: string, body: object = {}) =>
    shop.operate<Data>('POST', `/dead-letter-replays${path}`, body);
  /** What the API says, be it a problem: a worker that was killed may not answer yet. */
  const progressOf = async (id: string) => {
    const { body } = await shop.operate<ReplayProgress>('GET', `/dead-letter-replays/${id}`);
    return body.data ?? (body as Partial<ReplayProgress>);
  };

  /** Requests for a coupon that wait, their events dead and indexed. */
  async function deadRequests(count: number): Promise<string> {
    const code = await shop.coupon(count);
    for (let from = 0; from < count; from += BATCH) {
      const applicants = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => ({
        requestId: `${code}-${from + index}`,
        userId: `user-${from + index}`,
        userEmail: 'kim@example.com',
        headers: {},
      }));
      await shop.db.transaction(async (trx) => {
        await admitCouponRequests(trx, code, applicants);
        await trx('outbox')
          .whereIn(
            'key',
            applicants.map(({ requestId }) => requestId),
          )
          .delete();
      });
    }
    const events = (await shop.db('coupon_requests').where({ code }).orderBy('rank').select('request_id', 'event')) as {
      request_id: string;
      event: string;
    }[];
    const timestamp = String(Date.now());
    const deadLetters = events.map(({ request_id: key, event }, index): WrittenRecord => {
      const place = { topic: TOPICS.couponIssue, partition: 0, offset: String(index), timestamp };
      const record = { ...place, key: Buffer.from(key), value: Buffer.from(event), headers: {} };
      const deadLetter = encodeDeadLetter(record, { code: 'REFUSED_BY_DATABASE', message: code });
      const headers = Object.entries(deadLetter.headers).map(([name, [bytes]]) => [name, bytes as Buffer]);
      return { key: deadLetter.key, value: deadLetter.value, headers: Object.fromEntries(headers) };
    });
    await broker.write(deadLetterTopic(TOPICS.couponIssue), ...deadLetters);
    await until(
      'all dead letters to be indexed',
      async () => Number((await shop.db('dead_letters').where({ message: code }).count({ n: '*' }).first())?.n),
      (indexed) => indexed === count,
      RESTART_MS,
    );
    return code;
  }

  const issuedOf = async (code: string) => Number((await shop.db('coupons').where({ code }).first('issued'))?.issued);

  test('1,000 at 100 a second while the worker is killed: each has one effect', async () => {
    const code = await deadRequests(LETTERS);
    const decisionId = randomUUID();
    const command = { decisionId, reason: 'the database is well again', ratePerSecond: RATE };
    const filter = { topic: TOPICS.couponIssue, code: 'REFUSED_BY_DATABASE' };
    const dry = await post<{ matches: number }>('', { ...command, filter, dryRun: true });
    expect([dry.status, dry.body.data.matches]).toEqual([200, LETTERS]);
    const beganAt = Date.now();
    const answers = await Promise.all([post('', { ...command, filter }), post('', { ...command, filter })]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);

    for (const atLeast of [100, 500]) {
      await until(
        'some to be issued',
        () => issuedOf(code),
        (issued) => issued >= atLeast,
        RESTART_MS,
      );
      await system.role('worker').end('SIGKILL');
      await system.startRole('worker');
    }
    const done = await until(
      'the replay to be done',
      () => progressOf(decisionId),
      (progress) => progress.state === 'DONE',
      RESTART_MS,
    );
    expect(done).toMatchObject({ replayed: LETTERS, refused: {} });
    expect(Date.now() - beganAt).toBeGreaterThan(((LETTERS - RATE) / RATE) * 1_000);
    await until(
      'all to be issued',
      () => issuedOf(code),
      (issued) => issued === LETTERS,
      RESTART_MS,
    );
    const outbox = shop.db('outbox').where({ topic: TOPICS.couponIssue }).where('key', 'like', `${code}-%`);
    expect(await outbox.clone().pluck('key')).toHaveLength(LETTERS);
    const told = shop.db('notifications').where('coupon_request_id', 'like', `${code}-%`);
    expect(await told.pluck('coupon_request_id')).toHaveLength(LETTERS);
    const outcomes = await until(
      'each outcome to be told',
      async () =>
        (await shop
          .db('dead_letter_decisions')
          .where({ bulk_id: decisionId })
          .groupBy('outcome')
          .select('outcome')
          .count({
            n: '*',
          })) as { outcome: string | null; n: number }[],
      (rows) => rows.every(({ outcome }) => outcome !== null),
      RESTART_MS,
    );
    expect(outcomes.reduce((sum, { n }) => sum + n, 0)).toBe(LETTERS);
    expect((await post('', { ...command, filter })).status).toBe(202);
  });

  test('it pauses, resumes and is cancelled; what it has not sent back waits', async () => {
    const code = await deadRequests(MORE_THAN_ENOUGH);
    const decisionId = randomUUID();
    const filter = { topic: TOPICS.couponIssue, code: 'REFUSED_BY_DATABASE' };
    await post('', { decisionId, reason: 'slowly', ratePerSecond: 5, filter });
    const reaches = (what: string, isIt: (progress: ReplayProgress) => boolean) =>
      until(
        what,
        () => progressOf(decisionId),
        (progress) => progress?.replayed !== undefined && isIt(progress),
        RESTART_MS,
      );
    await reaches('some to be sent back', ({ replayed }) => replayed >= 5);
    const control = (how: string) => post(`/${decisionId}/${how}`, { decisionId: randomUUID(), reason: 'a test' });
    await control('pause');
    const paused = await reaches('a pause', ({ state }) => state === 'PAUSED');
    await control('resume');
    await reaches('it to go on', ({ replayed }) => replayed > paused.replayed + 5);
    await control('cancel');
    await reaches('the cancel', ({ state }) => state === 'CANCELLED');
    const [issued] = await until(
      'what was sent back to be issued',
      async () => [await issuedOf(code), (await progressOf(decisionId)).replayed],
      ([issued, replayed]) => issued === replayed,
      RESTART_MS,
    );
    expect(issued).toBeLessThan(MORE_THAN_ENOUGH);
    expect((await shop.operate('GET', `/dead-letter-replays/${randomUUID()}`)).body.code).toBe('REPLAY_NOT_FOUND');
  });
});
