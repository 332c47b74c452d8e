import { randomUUID } from 'node:crypto';
import { orderWorkflowId, type ResolveCompensation, SIGNALS } from '../../../contracts/workflow-api';
import type { Scenario } from './scenario';

/** The warehouse refuses, and then the carrier refuses to take the parcel back: the money is returned, a person decides. */
export const parkedUndo: Scenario = {
  title: 'undo fails, an operator resolves it',
  product: { name: 'Grand piano', price: 9_800_000, stock: 1 },
  quantity: 1,
  wanted: { status: 'PREPARING', ledger: ['charge', 'refund', 'charge'], sold: 1 },
  async play(order, { temporal }) {
    await order.reaches('PENDING_PAYMENT');
    const recipientName = 'fault:store_refused fault:undo_refused:1';
    await order.pay({ token: 'tok_visa', recipientName, warehouseStorage: true });
    await order.isParked();
    const decision: ResolveCompensation = {
      decisionId: randomUUID(),
      step: 'shipment',
      decision: 'RETRY',
      reason: 'the carrier was called',
      actor: 'kim',
    };
    const args = ['--workflow-id', orderWorkflowId(order.id), '--name', SIGNALS.resolveCompensation];
    await temporal.run(['workflow', 'signal', ...args, '--input', JSON.stringify(decision)], (command) =>
      order.say(`operator runs: ${command}`),
    );
    await order.stepIs('shipment', 'UNDONE');
    await order.attemptFails('STORE_REFUSED', 'AWAIT_CUSTOMER');
    await order.pay({ token: 'tok_visa' });
    await order.reaches('PREPARING');
  },
};
