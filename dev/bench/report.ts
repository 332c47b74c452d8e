import { couponRows } from './coupon-rows';
import { median } from './figures';
import type { BenchFigures, EngineRound } from './figures-of-parts';
import type { Plan } from './options';
import { http, medianOf, middleOf, ms, type Row } from './row';

export interface BenchResult {
  readonly seconds: number;
  readonly machine: {
    readonly cores: number;
    readonly node: string;
    readonly loadBefore: number[];
    readonly loadAfter: number[];
  };
  readonly layout: string;
  readonly plan: Plan;
  readonly figures: BenchFigures;
}

/** The figures beside their aims, for people. */
export function table(result: BenchResult): string {
  const { machine, figures, plan } = result;
  const load = (one: readonly number[]) => one.map((value) => value.toFixed(1)).join(' ');
  const rows = [
    ...engineRows(figures, plan),
    ...singleRows(figures),
    ...submitRows(figures, plan),
    ...statusRows(figures),
    ...relayRows(figures),
    ...couponRows(figures, plan),
  ];
  const widths = { name: longest(rows.map((row) => row.name)), got: longest(rows.map((row) => row.got)) };
  return [
    '',
    ...rows.map(({ name, got, aim, isMet }) =>
      `${name.padEnd(widths.name)}  ${got.padEnd(widths.got)}  ${aim ? `aim ${aim}: ${isMet ? 'met' : 'missed'}` : ''}`.trimEnd(),
    ),
    '',
    `roles: ${result.layout === 'one' ? 'all in one process' : 'api+relay and bridge+worker'}; ${machine.cores} cores, Node ${machine.node}, load ${load(machine.loadBefore)} before, ${load(machine.loadAfter)} after; ${result.seconds} s`,
    ...cpuLines(figures),
  ].join('\n');
}

function engineRows({ engine }: BenchFigures, plan: Plan): Row[] {
  if (!engine) return [];
  const { rounds } = engine;
  const of = (pick: (round: EngineRound) => number, digits: number) => medianOf(rounds.map(pick), digits);
  const ratio = median(rounds.map((round) => round.ratio));
  return [
    { name: `a  no-op workflows/s, ${plan.inFlight} in flight`, got: of((round) => round.floorPerSecond, 0) },
    { name: `b  orders settled/s, ${plan.inFlight} in flight`, got: of((round) => round.orders.perSecond, 1) },
    { name: '   b/a', got: of((round) => round.ratio, 3), aim: '>= 0.2 (must 0.12)', isMet: ratio >= 0.2 },
    ...(rounds.every((round) => round.orders.cpu.others !== undefined)
      ? [
          { name: '   CPU of a no-op workflow, ms', got: of(floorCpuMs, 1) },
          { name: '   CPU of an order, ms', got: of(orderCpuMs, 1) },
          { name: '   b/a by CPU', got: of((round) => floorCpuMs(round) / orderCpuMs(round), 3) },
        ]
      : []),
    { name: '   order created -> PREPARING, p50 ms', got: of((round) => round.orders.wholeMs.p50, 0) },
  ];
}

/** What everything but the load generator and the roles, idle meanwhile, used for one no-op workflow. */
function floorCpuMs({ floorCpu, floorPerSecond }: EngineRound): number {
  const { temporal = 0, floor = 0 } = floorCpu.cores;
  return ((temporal + floor) / floorPerSecond) * 1000;
}

/** What all processes but the load generator used for one order. */
function orderCpuMs({ orders }: EngineRound): number {
  const { generator: _generator, floor: _floor, ...product } = orders.cpu.cores;
  return (Object.values(product).reduce((sum, one) => sum + one, 0) / orders.perSecond) * 1000;
}

function singleRows({ single }: BenchFigures): Row[] {
  if (!single) return [];
  return [
    {
      name: 'c  202 -> PREPARING, one at a time',
      got: ms(single.preparingMs),
      aim: 'p50 <= 80 ms',
      isMet: single.preparingMs.p50 <= 80,
    },
    { name: '   201 -> PENDING_PAYMENT, one at a time', got: ms(single.reservedMs) },
  ];
}

function submitRows({ submit }: BenchFigures, plan: Plan): Row[] {
  if (!submit) return [];
  const at = `${plan.connections} connections`;
  const own = middleOf(submit.rounds.map((round) => round.submit));
  const share = median(submit.rounds.map((round) => round.submit.perSecond / round.bare.perSecond));
  return [
    {
      name: `d  submit 202, api alone, ${at}`,
      got: http(own),
      aim: 'p50 <= 6 ms',
      isMet: own.ms.p50 <= 6,
    },
    { name: `   bare Express, one insert, ${at}`, got: http(middleOf(submit.rounds.map((round) => round.bare))) },
    { name: '   submit / bare', got: share.toFixed(2), aim: '>= 0.5', isMet: share >= 0.5 },
    { name: `   submit while all roles work, ${at}`, got: http(submit.whileWorking) },
  ];
}

function statusRows({ status }: BenchFigures): Row[] {
  if (!status) return [];
  return [
    { name: '   status by the workflow', got: http(status.workflow) },
    { name: '   status by the database', got: http(status.database) },
  ];
}

function relayRows({ single, engine }: BenchFigures): Row[] {
  return [
    ...(single
      ? [
          {
            name: 'e  relay lag, one order at a time',
            got: ms(single.relayLagMs),
            aim: 'p50 <= 5 ms',
            isMet: single.relayLagMs.p50 <= 5,
          },
        ]
      : []),
    ...(engine ? [{ name: '   relay lag, under the load of b', got: ms(engine.relayLagMs) }] : []),
  ];
}

function cpuLines({ engine, submit, coupons }: BenchFigures): string[] {
  const lines = [
    ...(engine?.rounds.map((round) => ({ what: 'b', use: round.orders.cpu })) ?? []),
    ...(submit?.rounds.map((round) => ({ what: 'd', use: round.cpu })) ?? []),
    ...(coupons?.rounds.map((round) => ({ what: 'f', use: round.responses.cpu })) ?? []),
    ...(coupons?.rounds.map((round) => ({ what: 'g, after the last response', use: round.issues.cpu })) ?? []),
    ...(coupons?.apiAlone.map(({ cpu }) => ({ what: 'f, the api alone', use: cpu })) ?? []),
  ];
  return lines
    .filter(({ use }) => use.others !== undefined)
    .map(({ what, use }) => {
      const cores = Object.entries(use.cores).map(([name, value]) => `${name} ${value.toFixed(2)}`);
      return `cores used during ${what}: ${cores.join(', ')}; by others ${use.others?.toFixed(2)}; load ${use.load1m.toFixed(1)}`;
    });
}

const longest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
