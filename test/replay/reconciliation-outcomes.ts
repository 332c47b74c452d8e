import { randomUUID } from 'node:crypto';
import { SIGNALS } from '../../contracts/workflow/messages';
import { RECONCILIATION_WORKFLOW_ID } from '../../contracts/workflow-api';
import { RELEASED } from '../../db/orders';
import type { OrderHarness } from '../support/order-harness';
import { compensated, delivered, ended, type Play, paid, requestsAre } from './plays';

/** Runs of the reconciliation, and orders whose workflow was started again. */
export const RECONCILIATION_OUTCOMES: Readonly<Record<string, Play>> = {
  async reconciled(harness) {
    const schedule = `reconciliation-full-${randomUUID()}`;
    await harness.reconcileAsScheduled(schedule);
    await harness.handle(schedule).result();
    await harness.handle(RECONCILIATION_WORKFLOW_ID).result();
    await harness.reconcile({ scope: 'INCREMENTAL', isFixing: true, reason: 'asked for', actor: 'lee' });
    await harness.handle(RECONCILIATION_WORKFLOW_ID).result();
    return { schedule, reconciliation: RECONCILIATION_WORKFLOW_ID };
  },
  async 'restarted-on-its-way'(harness) {
    const { orderId } = await harness.preparing();
    await harness.shipmentUpdate(orderId, 'IN_TRANSIT');
    await harness.reaches(orderId, 'IN_TRANSIT/WAITING');
    await restart(harness, orderId);
    return delivered(harness, orderId);
  },
  async 'restarted-after-a-decline'(harness) {
    const orderId = await paid(harness, { token: 'tok_declined' });
    await requestsAre(harness, orderId, 'FAILED');
    await restart(harness, orderId);
    await harness.pay(orderId);
    await harness.reaches(orderId, 'PREPARING/WAITING');
    return delivered(harness, orderId);
  },
  async 'restarted-then-compensated'(harness) {
    const { orderId } = await harness.preparing();
    await restart(harness, orderId);
    return compensated(harness, orderId);
  },
  async 'restarted-with-its-stock-back'(harness) {
    const { orderId } = await harness.preparing({ token: 'tok_undo_refused:1' });
    await harness.signal(orderId, SIGNALS.compensate, { reason: 'asked for by phone', actor: 'lee' });
    await harness.reaches(orderId, 'PREPARING/NEEDS_OPERATOR');
    await restart(harness, orderId);
    return ended(harness, orderId, 'CANCELLED');
  },
};

async function restart(harness: OrderHarness, orderId: number): Promise<void> {
  await harness.orderHandle(orderId).terminate('to be restarted');
  await harness.db('orders').where({ id: orderId }).update({ run_id: RELEASED });
  await harness.restart(orderId);
}
