import { randomUUID } from 'node:crypto';
import type { OperatorItemList, OperatorItemView } from '../../contracts/responses/operator-items';
import { refundWorkflowId, TASK_QUEUES, WORKFLOWS } from '../../contracts/workflow-api';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

/** I11: whatever has failed for good is listed within a minute. */
const WITHIN_MS = 60_000;

describe('a workflow that ended badly', () => {
  const shop = new Fixture().shop();

  const itemsOf = async (query: string): Promise<readonly OperatorItemView[]> =>
    (await shop.operate<OperatorItemList>('GET', `/items?${query}`)).body.data.items;
  const listed = async (query: string): Promise<OperatorItemView> => {
    const [item] = await until(
      `${query} to be listed`,
      () => itemsOf(query),
      (items) => items.length > 0,
      WITHIN_MS,
    );
    return item as OperatorItemView;
  };
  const resolve = (id: number, body = { decisionId: randomUUID(), reason: 'settled by hand' }) =>
    shop.operate('POST', `/items/${id}/resolve`, body);
  const terminate = async (workflowId: string) =>
    (await shop.temporal()).workflow.getHandle(workflowId).terminate('by the test');

  /** Waits until a look that began after this call has ended. */
  async function oneMoreLook(): Promise<void> {
    const { rows } = await shop.db.raw('select clock_timestamp() as now');
    const { now } = rows[0] as { now: Date };
    await until(
      'one more look at failed workflows',
      async () => (await shop.db('last_looks').max({ at: 'looked_until' }).first()) as { at: Date | null },
      ({ at }) => at !== null && at >= now,
      WITHIN_MS,
    );
  }

  const cases: Readonly<Record<string, () => Promise<void>>> = {
    'is listed once with the money at risk, and not again after somebody has seen to it': async () => {
      const orderId = await shop.paidOrder();
      await terminate(`order-${orderId}`);
      const item = await listed(`kind=FAILED_WORKFLOW&order=${orderId}`);
      expect(item).toMatchObject({ cause: 'TERMINATED', amountAtRisk: 1_000 });
      await oneMoreLook();
      expect(await itemsOf(`order=${orderId}`)).toMatchObject([{ id: item.id, times: 1 }]);

      expect((await resolve(item.id)).status).toBe(202);
      await oneMoreLook();
      expect(await shop.db('operator_items').where({ order_id: orderId }).select('id', 'state')).toEqual([
        { id: item.id, state: 'RESOLVED' },
      ]);
    },

    'is listed although it was the refund of a settled order, which nobody would see otherwise': async () => {
      const orderId = await shop.paidOrder({ warehouseStorage: true });
      const { workflow } = await shop.temporal();
      const workflowId = refundWorkflowId(orderId);
      await workflow.start(WORKFLOWS.refundSaga, { workflowId, taskQueue: 'no-worker', args: [{ orderId }] });
      await terminate(workflowId);
      expect(await listed(`kind=FAILED_WORKFLOW&order=${orderId}`)).toMatchObject({ workflowId, cause: 'TERMINATED' });
    },

    'takes no decision any more about what it was parked at: somebody can close that, and no sooner': async () => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId, { token: 'tok_undo_refused:99', recipientName: 'fault:ship_refused' });
      const parked = await listed(`kind=PARKED_SAGA&order=${orderId}`);
      expect((await resolve(parked.id)).body).toMatchObject({ code: 'ITEM_HAS_OWN_DECISION' });
      await terminate(`order-${orderId}`);
      const failed = await listed(`kind=FAILED_WORKFLOW&order=${orderId}`);
      for (const { id } of [parked, failed]) expect((await resolve(id)).status).toBe(202);
      expect(await itemsOf(`order=${orderId}`)).toEqual([]);
    },

    'is one that runs and yet cannot go on: listed where its order is at work, or lets its hold run out': async () => {
      const { workflow } = await shop.temporal();
      const stuckStates = [
        { saga_state: 'RUNNING', saga_state_at: new Date(0) },
        { saga_state: 'WAITING', hold_expires_at: new Date(0) },
      ];
      const orderIds: number[] = [];
      for (const stuck of stuckStates) {
        const { orderId } = await shop.payableOrder();
        const workflowId = `order-${orderId}`;
        await terminate(workflowId);
        await workflow.start('noSuchWorkflow', { workflowId, taskQueue: TASK_QUEUES.orders, args: [{ orderId }] });
        await shop.db('orders').where({ id: orderId }).update(stuck);
        orderIds.push(orderId);
      }
      for (const orderId of orderIds) {
        const [stuck] = await until(
          `the task of order ${orderId} to be seen failing`,
          () => itemsOf(`kind=FAILED_WORKFLOW&order=${orderId}`),
          ([found]) => found?.cause === 'WORKFLOW_TASK_FAILING',
          WITHIN_MS,
        );
        expect((await resolve(stuck?.id as number)).status).toBe(202);
        await terminate(`order-${orderId}`);
      }
    },
  };

  // All wait for the same looks, each some seconds after the one before.
  test(Object.keys(cases).join('; '), async () => {
    const running = Object.entries(cases).map(([name, run]) =>
      run().catch((error: unknown) => {
        throw new Error(name, { cause: error });
      }),
    );
    await Promise.all(running);
  });
});
