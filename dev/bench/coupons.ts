import { randomUUID } from 'node:crypto';
import { createDevelopmentToken } from '../../cli/development-token';
import type { Child } from '../child';
import { askAll, awaitIssues, type ResponseFigures } from './coupon-rush';
import { CpuWatch } from './cpu';
import { sleep, spread } from './figures';
import type { CouponRound } from './figures-of-parts';
import { measureFloor } from './floor';
import type { HttpFigures } from './http-load';
import type { CouponPlan } from './options';
import type { Bench } from './parts';
import { measureRedis } from './redis-ceiling';
import { type PreparedRequest, preparePost, rush } from './rush';

const LOOK_EVERY_MS = 50;

/** Four ceilings, then a rush on a fresh coupon by users whom nobody has seen, and so on: noise hits them alike. */
export async function couponRounds(bench: Bench, floor: Child, bare: Child): Promise<CouponRound[]> {
  const { plan, say, system } = bench;
  const { coupons } = plan;
  const { redis } = system.addresses;
  if (!redis) throw new Error('the rush is measured with Redis, and the stack has none');
  const { url } = bare.started as { url: string };
  const floorLoad = { inFlight: plan.inFlight, warmUpS: plan.warmUpS, seconds: plan.floorS };
  // Neither process is as fast at first as it will be.
  const fewer = warmUp(coupons);
  await postBare(url, ECHO, fewer);
  await postBare(url, INSERT, fewer);
  await rushAndIssue(bench, fewer);

  const rounds: CouponRound[] = [];
  for (let number = 1; number <= coupons.rounds; number++) {
    const round = {
      bare: await postBare(url, ECHO, coupons),
      insert: await postBare(url, INSERT, coupons),
      redisPerSecond: await measureRedis(redis, coupons.redis),
      floorPerSecond: await measureFloor(floor, floorLoad),
      ...(await rushAndIssue(bench, coupons)),
    };
    rounds.push(round);
    say(`round ${number}: ${inOneLine(round)}`);
  }
  return rounds;
}

/** Rushes to the api while no other role runs: what it does when nothing is issued beside it. Nobody gets a coupon. */
export async function apiAloneRounds(bench: Bench): Promise<ResponseFigures[]> {
  const { plan, say, system } = bench;
  await rushOnce(bench, warmUp(plan.coupons));
  const rounds: ResponseFigures[] = [];
  for (let number = 1; number <= plan.coupons.rounds; number++) {
    const { responses } = await rushOnce(bench, plan.coupons);
    rounds.push(responses);
    say(`round ${number}: ${responses.perSecond.toFixed(0)} responses/s with p99 ${responses.ms.p99.toFixed(0)} ms`);
  }
  await system.db('outbox').whereNull('published_at').delete();
  return rounds;
}

const warmUp = (plan: CouponPlan): CouponPlan => ({ ...plan, requests: plan.requests / 5, total: plan.total / 5 });
const ECHO = '/echoes';
const INSERT = '/orders/1';

async function rushAndIssue(bench: Bench, plan: CouponPlan) {
  const { db } = bench.system;
  const { code, responses } = await rushOnce(bench, plan);
  const { endedAt } = responses;
  const issues = await awaitIssues(db, { code, total: plan.total, endedAt }, () => new CpuWatch(bench.processes));
  // What it has left to the relay is not to slow the next measurement.
  while (await db('outbox').whereNull('published_at').first('id')) await sleep(LOOK_EVERY_MS);
  return { responses, issues };
}

async function rushOnce(
  { shop, system, processes }: Bench,
  { requests: count, total, connections }: CouponPlan,
): Promise<{ code: string; responses: ResponseFigures }> {
  const code = `rush-${randomUUID()}`;
  const tokens: string[] = [];
  for (let user = 0; user < count; user++)
    tokens.push(await createDevelopmentToken(system.jwtSecret, { email: `${code}-${user}@example.com` }));
  await shop.offer(code, total);
  const requests = requestsOf(tokens, `/api/coupons/${code}/requests`);
  const rush = { api: system.addresses.api, total, connections, requests };
  return { code, responses: await askAll(rush, () => new CpuWatch(processes)) };
}

/** As many requests as a rush has, with headers and bodies as long as its own. */
async function postBare(url: string, path: string, plan: CouponPlan): Promise<HttpFigures> {
  const token = 't'.repeat(TOKEN_LENGTH);
  const requests = requestsOf(new Array<string>(plan.requests).fill(token), path);
  const { startedAt, endedAt, responses } = await rush(url, plan.connections, requests);
  const other = responses.find(({ status }) => status !== 202);
  if (other) throw new Error(`unexpected response: HTTP ${other.status} ${other.body}`);
  return {
    perSecond: responses.length / ((endedAt - startedAt) / 1000),
    ms: spread(responses.map(({ ms }) => ms)),
  };
}

const TOKEN_LENGTH = 260;

const requestsOf = (tokens: readonly string[], path: string): PreparedRequest[] =>
  tokens.map((token) => preparePost(path, token, { requestId: randomUUID() }));

const inOneLine = ({ bare, insert, redisPerSecond, floorPerSecond, responses, issues }: CouponRound) =>
  [
    `${bare.perSecond.toFixed(0)} bare responses/s`,
    `${insert.perSecond.toFixed(0)} bare inserts/s`,
    `${redisPerSecond.toFixed(0)} script calls/s`,
    `${floorPerSecond.toFixed(0)} no-op workflows/s`,
    `${responses.perSecond.toFixed(0)} responses/s with p99 ${responses.ms.p99.toFixed(0)} ms`,
    `${issues.perSecond.toFixed(0)} issues/s, ${issues.alonePerSecond?.toFixed(0) ?? '-'} alone`,
  ].join(', ');
