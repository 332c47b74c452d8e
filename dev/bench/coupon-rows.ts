import type { ResponseFigures } from './coupon-rush';
import { median } from './figures';
import type { BenchFigures, CouponRound } from './figures-of-parts';
import type { Plan } from './options';
import { http, medianOf, middleOf, ms, type Row, spreadOf } from './row';

/** The rush on coupons beside its ceilings; each figure is the median of the rounds. */
export function couponRows({ coupons }: BenchFigures, { coupons: plan, inFlight }: Plan): Row[] {
  if (!coupons) return [];
  const { rounds, apiAlone } = coupons;
  const of = (pick: (round: CouponRound) => number) => medianOf(rounds.map(pick), 0);
  return [
    ...responseRows(
      `f  responses/s: ${plan.requests} users, ${plan.total} coupons, ${plan.connections} connections`,
      rounds.map(({ responses }) => responses),
    ),
    ...responseRows('   the same to the api alone, nothing issued', apiAlone),
    { name: '   bare Express, JSON in and out', got: http(middleOf(rounds.map(({ bare }) => bare))) },
    { name: '   bare Express, one insert', got: http(middleOf(rounds.map(({ insert }) => insert))) },
    {
      name: `   Redis script calls/s, ${plan.redis.inFlight} in flight`,
      got: of(({ redisPerSecond }) => redisPerSecond),
    },
    { name: 'g  coupons issued/s, first acceptance to last coupon', got: of(({ issues }) => issues.perSecond) },
    {
      name: `   no-op workflows/s, ${inFlight} in flight`,
      got: of(({ floorPerSecond }) => floorPerSecond),
    },
    shareRow(
      '   issued / no-op',
      rounds.map(({ issues, floorPerSecond }) => issues.perSecond / floorPerSecond),
    ),
    ...issuedAloneRows(rounds),
  ];
}

function responseRows(name: string, rounds: readonly ResponseFigures[]): Row[] {
  const rates = rounds.map(({ perSecond }) => perSecond);
  const all = spreadOf(rounds.map((round) => round.ms));
  return [
    { name, got: medianOf(rates, 0), aim: '>= 3000', isMet: median(rates) >= 3_000 },
    { name: '     all responses', got: ms(all), aim: 'p99 <= 50 ms', isMet: all.p99 <= 50 },
    { name: '     accepted', got: ms(spreadOf(rounds.map(({ acceptedMs }) => acceptedMs))) },
    { name: '     sold out', got: ms(spreadOf(rounds.map(({ soldOutMs }) => soldOutMs))) },
    {
      name: '     until all are accepted, s',
      got: medianOf(
        rounds.map(({ allAcceptedS }) => allAcceptedS),
        2,
      ),
    },
  ];
}

/** Of the rounds in which enough was left to issue when the rush was over. */
function issuedAloneRows(rounds: readonly CouponRound[]): Row[] {
  const alone = rounds.flatMap(({ issues: { alonePerSecond }, floorPerSecond }) =>
    alonePerSecond === undefined ? [] : [{ alonePerSecond, share: alonePerSecond / floorPerSecond }],
  );
  if (alone.length === 0) return [];
  const rates = alone.map(({ alonePerSecond }) => alonePerSecond);
  return [
    { name: '   coupons issued/s after the last response', got: medianOf(rates, 0) },
    shareRow(
      '   issued after the last response / no-op',
      alone.map(({ share }) => share),
    ),
  ];
}

const shareRow = (name: string, shares: readonly number[]): Row => ({
  name,
  got: medianOf(shares, 2),
  aim: '>= 0.6',
  isMet: median(shares) >= 0.6,
});
