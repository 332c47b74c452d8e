import type { Bench, Measured, Part } from '../bench';
import { sleep } from '../figures';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { carryOn, reserve, times, untilDrained } from '../orders';
import type { Row } from '../row';
import { between, type CountedWork } from '../statement-counter';

/** What an order adds to what happens anyway. */
interface PerOrder {
  readonly statements: number;
  readonly writingCommits: number;
  readonly byLabel: Readonly<Record<string, number>>;
}

/** As the server counts them, less what it counts in as long a time without orders. */
export const statements: Part = {
  name: 'statements',
  what: 'statements and writing commits of an order',
  async measure(bench) {
    const counter = bench.system.statements;
    if (!counter) return unknown();
    await warmRoles(bench);
    return counter.during(async (count) => {
      const counted = async (work: () => Promise<unknown>): Promise<CountedWork> => {
        const before = await count();
        await work();
        return between(before, await count());
      };
      const { idleS, countedOrders, countedAlone, inFlight } = bench.plan;
      const idle = await counted(() => sleep(idleS * 1000));
      const phases = async (orders: number, width: number) => {
        let ids: readonly number[] = [];
        const reserving = await counted(async () => {
          ids = await inTurns(bench, width, times(orders), () => reserve(bench));
        });
        const waiting = ids.values();
        const paying = await counted(() =>
          inTurns(bench, width, times(orders), () => carryOn(bench, waiting.next().value as number)),
        );
        return { orders, reserving: perOrder(reserving, idle, orders), paying: perOrder(paying, idle, orders) };
      };
      const alone = await phases(countedAlone, 1);
      const together = await phases(countedOrders, inFlight);
      return { figures: { idle, alone, together }, rows: rowsOf({ alone, together, inFlight }) };
    });
  },
};

const inTurns = async <Result>(bench: Bench, inFlight: number, isOver: () => boolean, work: () => Promise<Result>) =>
  (await untilDrained(bench, { inFlight, isOver }, work)).results;

function perOrder(work: CountedWork, idle: CountedWork, orders: number): PerOrder {
  const net = (count: number, whenIdle: number) => (count - (whenIdle / idle.seconds) * work.seconds) / orders;
  const byLabel = Object.fromEntries(
    Object.entries(work.statements).map(([label, calls]) => [label, net(calls, idle.statements[label] ?? 0)]),
  );
  return {
    statements: net(sum(work.statements), sum(idle.statements)),
    writingCommits: net(work.writingCommits, idle.writingCommits),
    byLabel,
  };
}

type Phases = { readonly reserving: PerOrder; readonly paying: PerOrder };

function rowsOf(all: { readonly alone: Phases; readonly together: Phases; readonly inFlight: number }): Row[] {
  const rows = (what: string, goalOf: 'statements' | 'writingCommits') => {
    const row = (how: string, { reserving, paying }: Phases): Row => {
      const value = reserving[goalOf] + paying[goalOf];
      const got = `${value.toFixed(1)} (until PENDING_PAYMENT ${reserving[goalOf].toFixed(1)}, then ${paying[goalOf].toFixed(1)})`;
      return { name: `${what} an order, ${how}`, got, value, goal: GOALS[goalOf] };
    };
    return [row('one at a time', all.alone), row(`${all.inFlight} in flight`, all.together)];
  };
  return [
    ...rows('statements', 'statements'),
    ...rows('writing commits', 'writingCommits'),
    { name: '  statements until PENDING_PAYMENT', got: listed(all.together.reserving) },
    { name: '  statements from the payment to PREPARING', got: listed(all.together.paying) },
  ];
}

/** Of an order; rarer ones are in the JSON. */
const listed = ({ byLabel }: PerOrder): string =>
  Object.entries(byLabel)
    .filter(([, calls]) => calls >= 0.05)
    .sort(([, a], [, b]) => b - a)
    .map(([label, calls]) => `${label} ${calls.toFixed(1)}`)
    .join(', ');

const unknown = (): Measured => ({
  figures: null,
  rows: [{ name: 'statements an order', got: 'unknown: this Postgres has no pg_stat_statements' }],
});

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, one) => all + one, 0);
