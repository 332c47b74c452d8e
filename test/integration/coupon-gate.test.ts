import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { CouponGate, type KnownRequest, type Shut } from '../../redis/coupon-gate';
import { sharedSystem } from '../support/environment';
import { until } from '../support/until';

const SOLD_OUT: Shut = { version: 7, refusal: 'COUPON_SOLD_OUT', opensInMs: null };
const TRUE_FOR_MS = 1_000;

describe('the gate in front of a coupon', () => {
  const redis = new Redis(sharedSystem().redis as string);
  beforeAll(() => redis.ping());
  afterAll(() => redis.disconnect());

  /** A gate that reads what the test says, of a coupon of its own. */
  function gateOn({
    shut,
    known,
  }: {
    shut: () => Promise<Shut | undefined>;
    known: { version: number; requests: KnownRequest[] };
  }) {
    const code = `gate-${randomUUID()}`;
    const gate = new CouponGate(redis, { shut, known: () => Promise.resolve(known) });
    const ask = (userId: string, requestId: string = randomUUID()) => gate.refusalOf(code, userId, requestId);
    return { shut: () => gate.shut(code), open: () => gate.open(code), ask };
  }

  async function answersFor(ms: number, gate: ReturnType<typeof gateOn>) {
    const responses: (string | undefined)[] = [];
    const from = Date.now();
    let longestGapMs = 0;
    for (let last = from; last - from < ms; ) {
      responses.push(await gate.ask('anybody'));
      longestGapMs = Math.max(longestGapMs, Date.now() - last);
      last = Date.now();
    }
    return { responses, longestGapMs };
  }

  /** What the gate says is true for a second: does it again where the machine stood still meanwhile. */
  async function unlessStalled<Result>(
    work: () => Promise<Result>,
    isStalled: (result: Result, tookMs: number) => boolean,
  ) {
    for (let tries = 0; tries < 10; tries++) {
      const from = performance.now();
      const result = await work();
      if (!isStalled(result, performance.now() - from)) return result;
    }
    throw new Error('the machine stalls again and again');
  }

  const winner = { requestId: 'r1', userId: 'winner', hasFailed: false };
  const unlucky = { requestId: 'r2', userId: 'unlucky', hasFailed: true };

  test('repeats a refusal to those whom Postgres would refuse, and to nobody else', async () => {
    const gate = gateOn({ shut: async () => SOLD_OUT, known: { version: 7, requests: [winner, unlucky] } });
    expect(await gate.ask('anybody')).toBeUndefined();
    const asked = async () => {
      await gate.shut();
      const responses = [gate.ask('anybody'), gate.ask('winner'), gate.ask('winner', 'r1'), gate.ask('unlucky', 'r2')];
      return Promise.all([...responses, gate.ask('unlucky')]);
    };
    expect(await unlessStalled(asked, (_, tookMs) => tookMs > TRUE_FOR_MS)).toEqual([
      'COUPON_SOLD_OUT',
      'COUPON_ALREADY_REQUESTED',
      undefined,
      undefined,
      'COUPON_SOLD_OUT',
    ]);
    await gate.open();
    expect(await gate.ask('anybody')).toBeUndefined();
  });

  test('says nothing where those it knows are of another version of the coupon', async () => {
    const gate = gateOn({ shut: async () => SOLD_OUT, known: { version: 8, requests: [winner] } });
    await gate.shut();
    expect(await gate.ask('anybody')).toBeUndefined();
  });

  test('counts its second from when Postgres was asked, however late the answer comes', async () => {
    let response: (shut: Shut) => void = () => undefined;
    const late = new Promise<Shut>((resolve) => {
      response = resolve;
    });
    const gate = gateOn({ shut: () => late, known: { version: 7, requests: [] } });
    const askedAt = Date.now();
    const shutting = gate.shut();
    await until(
      'a second to pass',
      async () => Date.now() - askedAt,
      (ms) => ms > 1_100,
    );
    response(SOLD_OUT);
    await shutting;
    expect(await gate.ask('anybody')).toBeUndefined();
  });

  test('asks Postgres again before its second is over, so that those who come then need not', async () => {
    let asked = 0;
    const shut = () => {
      asked += 1;
      return Promise.resolve(SOLD_OUT);
    };
    const gate = gateOn({ shut, known: { version: 7, requests: [] } });
    const run = async () => {
      asked = 0;
      await gate.shut();
      return answersFor(1_500, gate);
    };
    const { responses } = await unlessStalled(run, ({ longestGapMs }) => longestGapMs > 400);
    expect(new Set(responses)).toEqual(new Set(['COUPON_SOLD_OUT']));
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(6);
  });

  test('opens within its second when Postgres does not refuse any more, or cannot be asked', async () => {
    for (const later of [() => Promise.resolve(undefined), () => Promise.reject(new Error('unavailable'))]) {
      const responses: (() => Promise<Shut | undefined>)[] = [() => Promise.resolve(SOLD_OUT)];
      const gate = gateOn({ shut: () => (responses.pop() ?? later)(), known: { version: 7, requests: [] } });
      await gate.shut();
      await answersFor(1_100, gate);
      expect(await gate.ask('anybody')).toBeUndefined();
    }
  });
});
