import { randomUUID } from 'node:crypto';
import { createDevelopmentToken } from '../../../cli/development-token';
import type { Bench, Part } from '../bench';
import { askAll, awaitIssues, type IssueFigures, type ResponseFigures } from '../coupon-rush';
import { spread } from '../figures';
import { GOALS } from '../goals';
import type { HttpFigures } from '../http-load';
import { warmRoles } from '../open-bench';
import type { CouponPlan } from '../options';
import { relayed } from '../orders';
import { http, medianRow, middleOf, ms, type Row, spreadOf } from '../row';
import { type PreparedRequest, preparePost, rush } from '../rush';
import { type FloorRound, floorRound } from './engine';

/** The ceilings and a rush, one right after the other. */
interface CouponRound {
  readonly insert: HttpFigures;
  readonly floor: FloorRound;
  readonly responses: ResponseFigures;
  readonly issues: IssueFigures;
}

/** Bare inserts, no-op workflows and a rush by users whom nobody has seen, and so on; then rushes to the api alone. */
export const coupons: Part = {
  name: 'coupons',
  what: 'rushes on coupons, and their ceilings, in turns',
  async measure(bench) {
    const { plan, say, system } = bench;
    await warmRoles(bench);
    const [floor, bare] = await Promise.all([system.floor(), system.bare()]);
    const { url } = bare.started as { url: string };
    const fewer = warmUp(plan.coupons);
    await postBare(url, fewer);
    await rushAndIssue(bench, fewer);
    const rounds: CouponRound[] = [];
    for (let number = 1; number <= plan.coupons.rounds; number++) {
      const insert = await postBare(url, plan.coupons);
      const noops = await floorRound(bench, floor);
      const round = { insert, floor: noops, ...(await rushAndIssue(bench, plan.coupons)) };
      rounds.push(round);
      say(`  round ${number}: ${inOneLine(round)}`);
    }
    await system.endRoles();
    await system.startRole('api');
    await rushOnce(bench, fewer);
    // Nobody gets a coupon: it is what the api does when nothing is issued beside it.
    const { responses: alone } = await rushOnce(bench, plan.coupons);
    await system.endRoles();
    await system.db('outbox').whereNull('published_at').delete();
    return { figures: { rounds, alone }, rows: rowsOf(rounds, alone, plan.coupons) };
  },
};

const warmUp = (plan: CouponPlan): CouponPlan => ({ ...plan, requests: plan.requests / 5, total: plan.total / 5 });

async function rushAndIssue(bench: Bench, plan: CouponPlan) {
  const { code, responses } = await rushOnce(bench, plan);
  const { endedAt } = responses;
  const issues = await awaitIssues(bench.system.db, { code, total: plan.total, endedAt }, bench.watchCpu);
  // What it has left to the relay is not to slow the next measurement.
  await relayed(bench);
  return { responses, issues };
}

async function rushOnce(
  { shop, system, watchCpu }: Bench,
  { requests: count, total, connections }: CouponPlan,
): Promise<{ code: string; responses: ResponseFigures }> {
  const code = `rush-${randomUUID()}`;
  const tokens: string[] = [];
  for (let user = 0; user < count; user++)
    tokens.push(await createDevelopmentToken(system.jwtSecret, { email: `${code}-${user}@example.com` }));
  await shop.offer(code, total);
  const requests = requestsOf(tokens, `/api/coupons/${code}/requests`);
  const wanted = { api: system.addresses.api, total, connections, requests };
  return { code, responses: await askAll(wanted, watchCpu) };
}

/** As many requests as a rush has, with headers and bodies as long as its own. */
async function postBare(url: string, plan: CouponPlan): Promise<HttpFigures> {
  const token = 't'.repeat(TOKEN_LENGTH);
  const requests = requestsOf(new Array<string>(plan.requests).fill(token), '/orders/1');
  const { startedAt, endedAt, responses } = await rush(url, plan.connections, requests);
  const other = responses.find(({ status }) => status !== 202);
  if (other) throw new Error(`unexpected response: HTTP ${other.status} ${other.body}`);
  return {
    perSecond: responses.length / ((endedAt - startedAt) / 1000),
    ms: spread(responses.map((response) => response.ms)),
  };
}

const TOKEN_LENGTH = 260;

const requestsOf = (tokens: readonly string[], path: string): PreparedRequest[] =>
  tokens.map((token) => preparePost(path, token, { requestId: randomUUID() }));

const inOneLine = ({ insert, floor, responses, issues }: CouponRound) =>
  [
    `${insert.perSecond.toFixed(0)} bare inserts/s`,
    `${floor.perSecond.toFixed(0)} no-op workflows/s`,
    `${responses.perSecond.toFixed(0)} responses/s with p99 ${responses.ms.p99.toFixed(0)} ms`,
    `${issues.perSecond.toFixed(0)} issued/s`,
  ].join(', ');

function rowsOf(rounds: readonly CouponRound[], alone: ResponseFigures, plan: CouponPlan): Row[] {
  const of = (pick: (round: CouponRound) => number) => rounds.map(pick);
  const p99 = of(({ responses }) => responses.ms.p99);
  return [
    medianRow(
      `coupons: responses/s while issuing; ${plan.requests} users, ${plan.total} coupons, ${plan.connections} connections`,
      of(({ responses }) => responses.perSecond),
      0,
    ),
    medianRow('  coupon responses while issuing, p99 ms', p99, 0, GOALS.couponP99),
    { name: '  of those accepted', got: ms(spreadOf(rounds.map(({ responses }) => responses.acceptedMs))) },
    medianRow(
      '  until all are accepted, s',
      of(({ responses }) => responses.allAcceptedS),
      2,
    ),
    { name: 'bare Express, one insert', got: http(middleOf(rounds.map(({ insert }) => insert))) },
    medianRow(
      'responses while issuing / bare inserts',
      of(({ responses, insert }) => responses.perSecond / insert.perSecond),
      2,
      GOALS.couponShare,
    ),
    { name: 'responses of the api alone, nothing issued', got: http(alone) },
    medianRow(
      'coupons issued/s, first acceptance to last coupon',
      of(({ issues }) => issues.perSecond),
      0,
    ),
    medianRow(
      'issued / no-op workflows, rush included',
      of(({ issues, floor }) => issues.perSecond / floor.perSecond),
      2,
      GOALS.issuedShare,
    ),
    ...issuedAloneRows(rounds),
  ];
}

/** Of the rounds in which enough was left to issue when the rush was over. */
function issuedAloneRows(rounds: readonly CouponRound[]): Row[] {
  const shares = rounds.flatMap(({ issues: { alonePerSecond }, floor }) =>
    alonePerSecond === undefined ? [] : [alonePerSecond / floor.perSecond],
  );
  return shares.length === 0 ? [] : [medianRow('issued / no-op workflows, after the last response', shares, 2)];
}
