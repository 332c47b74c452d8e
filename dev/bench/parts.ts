import type { Child } from '../child';
import { CpuWatch } from './cpu';
import { Window } from './figures';
import type { EngineRound, SubmitRound } from './figures-of-parts';
import { measureFloor } from './floor';
import { type HttpFigures, measureHttp } from './http-load';
import type { Plan } from './options';
import { measureOrders, measureSingleOrders, type SingleOrders } from './orders';
import { prepareEndedOrders, preparePayableOrders } from './prepared-orders';
import { relayLag } from './relay-lag';
import { PAY_BODY, payPath, type Shop } from './shop';
import type { StatusWatch } from './status-watch';
import type { BenchSystem } from './system';

/** What the parts of a run share. */
export interface Bench {
  readonly system: BenchSystem;
  readonly shop: Shop;
  readonly watch: StatusWatch;
  readonly plan: Plan;
  /** The processes whose CPU is reported, by name. */
  readonly processes: () => Readonly<Record<string, number>>;
  readonly say: (line: string) => void;
}

/** Enough orders for the fastest machine that anybody would try this on. */
const PREPARED_PER_SECOND = 3_000;

/** No-op workflows, then full orders, and so on: noise of the machine hits both alike. */
export async function engineRounds(bench: Bench, floor: Child): Promise<EngineRound[]> {
  const { plan, shop, watch, say } = bench;
  const rounds: EngineRound[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    const { inFlight, warmUpS } = plan;
    const readCpu = () => new CpuWatch(bench.processes);
    const floorCpu = new Window(warmUpS, plan.floorS).during(readCpu, (reading) => reading.use());
    const floorPerSecond = await measureFloor(floor, { inFlight, warmUpS, seconds: plan.floorS });
    const load = { inFlight, warmUpS, seconds: plan.ordersS };
    const orders = await measureOrders(shop, watch, load, readCpu);
    rounds.push({ floorPerSecond, floorCpu: await floorCpu, orders, ratio: orders.perSecond / floorPerSecond });
    say(`round ${round}: ${floorPerSecond.toFixed(0)} no-op workflows/s, ${orders.perSecond.toFixed(1)} orders/s`);
  }
  return rounds;
}

export async function singleOrders(
  bench: Bench,
): Promise<SingleOrders & { relayLagMs: Awaited<ReturnType<typeof relayLag>> }> {
  const from = new Date();
  const single = await measureSingleOrders(bench.shop, bench.plan.singleOrders);
  return { ...single, relayLagMs: await relayLag(bench.system.db, from, new Date()) };
}

/** Status requests: to orders whose workflows wait, and to orders that have ended. */
export async function statusFigures(
  bench: Bench,
  waiting: readonly number[],
): Promise<{ workflow: HttpFigures; database: HttpFigures }> {
  const ended = await prepareEndedOrders(bench.system.db, waiting.length);
  const ask = (ids: readonly number[]) => {
    let next = 0;
    return measureHttp({
      ...to(bench),
      method: 'GET',
      nextPath: () => `/api/orders/${ids[next++ % ids.length]}/status`,
      seconds: bench.plan.httpS,
      expectedStatus: 200,
    });
  };
  return { workflow: await ask(waiting), database: await ask(ended) };
}

/** The api alone beside a bare Express, in turns; nothing else of ours runs. */
export async function submitRounds(bench: Bench, bare: Child): Promise<SubmitRound[]> {
  const { plan, say } = bench;
  const rounds: SubmitRound[] = [];
  const { url } = bare.started as { url: string };
  // Neither process is as fast at first as it will be.
  await postBare(bench, url, 1);
  await submit(bench, 1);
  for (let round = 1; round <= plan.httpRounds; round++) {
    const cpu = new CpuWatch(bench.processes);
    const bareFigures = await postBare(bench, url, plan.httpS);
    const submitFigures = await submit(bench, plan.httpS);
    rounds.push({ bare: bareFigures, submit: submitFigures, cpu: cpu.use() });
    say(
      `round ${round}: ${bareFigures.perSecond.toFixed(0)} bare inserts/s, ${submitFigures.perSecond.toFixed(0)} submits/s`,
    );
  }
  return rounds;
}

/** Payment requests for orders prepared beforehand, each once. */
export async function submit(bench: Bench, seconds: number): Promise<HttpFigures> {
  const ids = await preparePayableOrders(bench.system.db, seconds * PREPARED_PER_SECOND);
  let next = 0;
  return measureHttp({
    ...to(bench),
    method: 'POST',
    body: PAY_BODY,
    nextPath: () => (next < ids.length ? payPath(ids[next++] as number) : undefined),
    seconds,
    expectedStatus: 202,
  });
}

function postBare(bench: Bench, url: string, seconds: number): Promise<HttpFigures> {
  let next = 0;
  return measureHttp({
    ...to(bench),
    url,
    method: 'POST',
    body: PAY_BODY,
    nextPath: () => `/orders/${++next}`,
    seconds,
    expectedStatus: 202,
  });
}

const to = ({ system, shop, plan }: Bench) => ({
  url: system.addresses.api,
  headers: { authorization: `Bearer ${shop.token}` },
  connections: plan.connections,
});
