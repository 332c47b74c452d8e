import { randomUUID } from 'node:crypto';
import { type OutsideAttempt, type Repeatable, respondOnceOutside } from '../../api/idempotency';
import { Rendered } from '../../api/rendered';
import { TemporalUnavailableError } from '../../temporal/call';
import { ageClaims } from '../support/endings';
import { Fixture } from '../support/fixture';

describe('a request whose effect is outside the database', () => {
  const shop = new Fixture().shop();
  afterEach(() => jest.restoreAllMocks());

  const request = (requestHash = 'body'): Repeatable & { id: NonNullable<Repeatable['id']> } => ({
    id: { userId: 'user-1', method: 'POST', path: '/api/orders/1/cancel', key: randomUUID() },
    requestHash,
  });
  const response = (statusCode: number, isReplayed = false) => new Rendered(statusCode, { statusCode }, isReplayed);
  const responding = (statusCode: number) => jest.fn(async (_attempt: OutsideAttempt) => response(statusCode));
  const unavailable = jest.fn(async (_attempt: OutsideAttempt): Promise<never> => {
    throw new TemporalUnavailableError('Temporal does not answer');
  });

  /** An attempt that the test ends. */
  function held() {
    let goOn: (outcome: Promise<ReturnType<typeof response>>) => void = () => undefined;
    const outcome = new Promise<ReturnType<typeof response>>((resolve) => {
      goOn = resolve;
    });
    let begin: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const act = () => {
      begin();
      return outcome;
    };
    return { act, hasBegun, goOn };
  }

  test('is tried again at once after a try without an answer, under the same id, and finds out what happened', async () => {
    const asked = request();
    await expect(respondOnceOutside(shop.db, asked, unavailable)).rejects.toThrow(TemporalUnavailableError);
    await expect(respondOnceOutside(shop.db, asked, unavailable)).rejects.toThrow(TemporalUnavailableError);
    const accept = responding(202);
    expect(await respondOnceOutside(shop.db, asked, accept)).toEqual(response(202));
    const attempts = [...unavailable.mock.calls, ...accept.mock.calls].map(([attempt]) => attempt);
    expect(attempts.map(({ mayHaveHappened }) => mayHaveHappened)).toEqual([false, true, true]);
    expect(new Set(attempts.map(({ requestId }) => requestId)).size).toBe(1);
    expect(await respondOnceOutside(shop.db, asked, responding(409))).toEqual(response(202, true));
  });

  test('is another one with another body, also before it has an answer', async () => {
    const asked = request();
    await expect(respondOnceOutside(shop.db, asked, unavailable)).rejects.toThrow(TemporalUnavailableError);
    const other = { ...asked, requestHash: 'another' };
    await expect(respondOnceOutside(shop.db, other, responding(202))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  test.each([
    ['an answer of its own', () => Promise.resolve(response(409))],
    ['none', () => Promise.reject(new TemporalUnavailableError('late'))],
  ])('keeps the answer of who took it over from a frozen attempt that has %s', async (_, ending) => {
    const asked = request();
    const frozen = held();
    const first = respondOnceOutside(shop.db, asked, frozen.act);
    await frozen.hasBegun;
    await ageClaims(shop, [asked.id.key]);
    expect(await respondOnceOutside(shop.db, asked, responding(202))).toEqual(response(202));
    frozen.goOn(ending());
    expect(await first).toEqual(response(202, true));
    expect(await respondOnceOutside(shop.db, asked, responding(409))).toEqual(response(202, true));
  });

  test('stays with who took it over while that attempt is under way', async () => {
    const asked = request();
    const [frozen, second] = [held(), held()];
    const first = respondOnceOutside(shop.db, asked, frozen.act);
    await frozen.hasBegun;
    await ageClaims(shop, [asked.id.key]);
    const takenOver = respondOnceOutside(shop.db, asked, second.act);
    await second.hasBegun;
    frozen.goOn(Promise.resolve(response(409)));
    await expect(first).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
    second.goOn(Promise.resolve(response(202)));
    expect(await takenOver).toEqual(response(202));
  });

  test("is in flight by the database's clock, whatever this process's says", async () => {
    const asked = request();
    const attempt = held();
    const first = respondOnceOutside(shop.db, asked, attempt.act);
    await attempt.hasBegun;
    const hourAhead = Date.now() + 3_600_000;
    jest.spyOn(Date, 'now').mockReturnValue(hourAhead);
    await expect(respondOnceOutside(shop.db, asked, responding(409))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_IN_FLIGHT',
    });
    attempt.goOn(Promise.resolve(response(202)));
    expect(await first).toEqual(response(202));
  });

  test('is a new one, under a new id, when its key is a day old', async () => {
    const asked = request();
    const [accept, refuse] = [responding(202), responding(409)];
    await respondOnceOutside(shop.db, asked, accept);
    await shop
      .db('idempotency_keys')
      .where({ key: asked.id.key })
      .update({ created_at: shop.db.raw(`now() - interval '25 hours'`) });
    expect(await respondOnceOutside(shop.db, asked, refuse)).toEqual(response(409));
    const [[before], [after]] = [accept.mock.calls[0] as [OutsideAttempt], refuse.mock.calls[0] as [OutsideAttempt]];
    expect(after.mayHaveHappened).toBe(false);
    expect(after.requestId).not.toBe(before.requestId);
  });
});
