import type { Part } from '../bench';
import { warmRoles } from '../open-bench';
import { carryOn, reserve, times, untilDrained } from '../orders';
import { cpuRows } from '../row';

/** The two halves of an order apart: many are reserved, and then all of them are paid. */
export const steps: Part = {
  name: 'steps',
  what: 'orders until PENDING_PAYMENT, then from there to PREPARING',
  async measure(bench) {
    const { inFlight, stepOrders } = bench.plan;
    await warmRoles(bench);
    const load = () => ({ inFlight, isOver: times(stepOrders) });
    const reserving = await untilDrained(bench, load(), () => reserve(bench));
    const waiting = reserving.results.values();
    const paying = await untilDrained(bench, load(), () => carryOn(bench, waiting.next().value as number));
    return {
      figures: { orders: stepOrders, reserving: reserving.cpuPerOrder, paying: paying.cpuPerOrder },
      rows: [
        ...cpuRows('CPU of an order until PENDING_PAYMENT', [reserving.cpuPerOrder]),
        ...cpuRows('CPU of an order from the payment to PREPARING', [paying.cpuPerOrder]),
      ],
    };
  },
};
