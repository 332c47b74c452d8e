import type { Bench, Part } from '../bench';
import type { CpuUse } from '../cpu';
import { GOALS } from '../goals';
import { type HttpFigures, measureHttp } from '../http-load';
import { preparePayableOrders } from '../prepared-orders';
import { http, medianRow, middleOf } from '../row';
import { PAY_BODY, payPath } from '../shop';

/** Enough orders for the fastest machine that anybody would try this on. */
const PREPARED_PER_SECOND = 3_000;
const WARM_UP_S = 1;

interface SubmitRound {
  readonly bare: HttpFigures;
  readonly submit: HttpFigures;
  readonly cpu: CpuUse;
}

/** The api alone beside a bare Express, in turns; nothing else of ours runs. */
export const submit: Part = {
  name: 'submit',
  what: 'payment requests to the api alone, beside a bare Express',
  async measure(bench) {
    const { plan, say, system } = bench;
    await system.endRoles();
    await system.endHelpers();
    await system.startRole('api');
    const bare = await system.bare();
    const { url } = bare.started as { url: string };
    await postBare(bench, url, WARM_UP_S);
    await postPayments(bench, WARM_UP_S);
    const rounds: SubmitRound[] = [];
    for (let round = 1; round <= plan.httpRounds; round++) {
      const cpu = bench.watchCpu();
      const bareFigures = await postBare(bench, url, plan.httpS);
      const submitFigures = await postPayments(bench, plan.httpS);
      rounds.push({ bare: bareFigures, submit: submitFigures, cpu: cpu.use() });
      say(
        `  round ${round}: ${bareFigures.perSecond.toFixed(0)} bare inserts/s, ${submitFigures.perSecond.toFixed(0)} submits/s`,
      );
    }
    await system.endRoles();
    // Nothing was to come of the payments: what they left would take minutes to work off.
    await system.db('outbox').whereNull('published_at').delete();
    const at = `${plan.connections} connections`;
    return {
      figures: { rounds },
      rows: [
        { name: `submit 202, api alone, ${at}`, got: http(middleOf(rounds.map((round) => round.submit))) },
        { name: `bare Express, one insert, ${at}`, got: http(middleOf(rounds.map((round) => round.bare))) },
        medianRow(
          'submit / bare',
          rounds.map((round) => round.submit.perSecond / round.bare.perSecond),
          2,
          GOALS.submitShare,
        ),
      ],
    };
  },
};

/** Payment requests for orders prepared beforehand, each once. */
async function postPayments(bench: Bench, seconds: number): Promise<HttpFigures> {
  const ids = await preparePayableOrders(bench.system.db, seconds * PREPARED_PER_SECOND);
  let next = 0;
  const nextPath = () => (next < ids.length ? payPath(ids[next++] as number) : undefined);
  return measureHttp({ ...requestsTo(bench, bench.system.addresses.api), nextPath, seconds });
}

function postBare(bench: Bench, url: string, seconds: number): Promise<HttpFigures> {
  let next = 0;
  return measureHttp({ ...requestsTo(bench, url), nextPath: () => `/orders/${++next}`, seconds });
}

const requestsTo = ({ shop, plan }: Bench, url: string) =>
  ({
    url,
    method: 'POST',
    headers: { authorization: `Bearer ${shop.token}` },
    body: PAY_BODY,
    connections: plan.connections,
    expectedStatus: 202,
  }) as const;
