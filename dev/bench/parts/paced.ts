import type { Part } from '../bench';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { measureOrders, measurePacedOrders, relayed } from '../orders';
import { relayLag } from '../relay-lag';
import { spreadRow } from '../row';

/** Of the most that the system can do. */
const SHARE = 0.7;

/** Orders at a steady rate that leaves some room: what the relay adds then. */
export const paced: Part = {
  name: 'paced',
  what: `orders at ${SHARE * 100} % of the maximum rate`,
  async measure(bench) {
    const { inFlight, warmUpS, ordersS, pacedS } = bench.plan;
    await warmRoles(bench);
    bench.maxPerSecond ??= (await measureOrders(bench, { inFlight, seconds: ordersS })).perSecond;
    const perSecond = SHARE * bench.maxPerSecond;
    const { from, to, wholeMs } = await measurePacedOrders(bench, { perSecond, warmUpS, seconds: pacedS });
    await relayed(bench);
    const lag = await relayLag(bench.system.db, from, to);
    const at = `at ${perSecond.toFixed(1)} orders/s, ${SHARE * 100} % of the maximum`;
    return {
      figures: { perSecond, wholeMs, relayLagMs: lag },
      rows: [
        spreadRow(`relay lag ${at}`, lag, GOALS.relayPaced),
        spreadRow(`order created -> PREPARING ${at}`, wholeMs),
      ],
    };
  },
};
