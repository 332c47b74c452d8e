import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { orderWorkflowId } from '../../contracts/workflow-api';
import { ageClaims, ask, expectEndedOnce, noticesOf, someEndings, untilEnded } from '../support/endings';
import { Fixture } from '../support/fixture';
import { startGatedApi } from '../support/gated-api';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

describe('the same Idempotency-Key gives the same outcome,', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();

  /** As a process leaves it that dies before it saves its response: what the workflow did stays done. */
  const crash = (key: string) =>
    shop
      .db('idempotency_keys')
      .where({ key })
      .update({
        status_code: null,
        body: null,
        claim_id: randomUUID(),
        claimed_at: shop.db.raw(`now() - interval '31 seconds'`),
      });

  /** As Temporal does with workflows that have been closed for long. */
  async function forget(workflowId: string): Promise<void> {
    const { workflow, workflowService, options } = await shop.temporal();
    await workflow.getHandle(workflowId).result();
    await workflowService.deleteWorkflowExecution({
      namespace: options.namespace,
      workflowExecution: { workflowId },
    });
    await until(
      'Temporal to have forgotten it',
      () =>
        workflow
          .getHandle(workflowId)
          .describe()
          .then(
            () => false,
            (error: unknown) => error instanceof WorkflowNotFoundError,
          ),
      (isForgotten) => isForgotten,
    );
  }

  test('after a crash: a cancel that was carried out stays accepted', async () => {
    const cancel = { name: 'cancelled', orderId: await shop.paidOrder(), key: randomUUID() } as const;
    const first = await ask(shop, cancel);
    expect(first).toMatchObject({ status: 202, data: { status: 'CANCELLED' } });
    await crash(cancel.key);
    expect(await ask(shop, cancel)).toEqual(first);
    expect(await ask(shop, cancel)).toEqual({ ...first, isReplayed: 'true' });
    const later = { ...cancel, key: randomUUID() };
    expect(await ask(shop, later)).toMatchObject({ status: 409 });
    await forget(orderWorkflowId(cancel.orderId));
    for (const [request, status] of [
      [cancel, 202],
      [later, 409],
    ] as const) {
      await crash(request.key);
      expect(await ask(shop, request)).toMatchObject({ status, isReplayed: null });
    }
    await expectLedgersToBalance(shop, cancel.orderId);
  });

  test('after a crash: a cancel that the carrier refused stays refused', async () => {
    const cancel = { name: 'cancelled', orderId: await shop.paidOrder(), key: randomUUID() } as const;
    await shop.providers.pickUp(cancel.orderId);
    // The carrier's own update may be faster than its refusal.
    expect(await ask(shop, cancel)).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await crash(cancel.key);
    expect(await ask(shop, cancel)).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await shop.reaches(cancel.orderId, 'SHIPMENT_STARTED');
    await crash(cancel.key);
    expect(await ask(shop, cancel)).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await expectLedgersToBalance(shop, cancel.orderId);
  });

  test('after a crash: a refund that was taken stays accepted, refunded or refused', async () => {
    for (const [token, end] of [
      ['tok_visa', 'REFUNDED'],
      ['tok_undo_refused:1', 'COMPLETED'],
    ] as const) {
      const orderId = await shop.paidOrder({ token, warehouseStorage: true });
      const refund = { name: 'refunded', orderId, key: randomUUID() } as const;
      const first = await ask(shop, refund);
      expect(first).toMatchObject({ status: 202, data: { status: 'REFUND_REQUESTED' } });
      const { workflow } = await shop.temporal();
      expect(await workflow.getHandle(`refund-${orderId}`).result()).toBe(end);
      await crash(refund.key);
      expect(await ask(shop, refund)).toEqual(first);
      expect((await shop.statuses(orderId)).filter((status) => status === 'REFUND_REQUESTED')).toHaveLength(1);
      await expectLedgersToBalance(shop, orderId);
    }
  });

  test.each([
    ['Temporal has it, and its response is lost', 'back'],
    ['Temporal does not get it', 'there'],
  ] as const)('after a 503, at once: %s', async (_, way) => {
    const [endings, api] = await Promise.all([someEndings(shop), startGatedApi(fixture, shop.system)]);
    api.temporal.silence(way);
    const first = await Promise.all(endings.map((ending) => ask(api.shop, ending)));
    for (const { status, code } of first) expect([status, code]).toEqual([503, 'TEMPORAL_UNAVAILABLE']);
    if (way === 'back') await Promise.all(endings.map((ending) => untilEnded(shop, ending)));
    for (const ending of endings) {
      const second = await ask(shop, ending);
      expect(second).toMatchObject({ ...ending.response, isReplayed: null });
      expect(await ask(shop, ending)).toEqual({ ...second, isReplayed: 'true' });
      await expectEndedOnce(shop, ending);
    }
  });

  test('after a process froze with its request: it gives the response that another has saved meanwhile', async () => {
    const [orderId, api] = await Promise.all([shop.paidOrder(), startGatedApi(fixture, shop.system)]);
    const cancel = { name: 'cancelled', orderId, key: randomUUID() } as const;
    api.temporal.silence('there', 'back');
    const frozen = ask(api.shop, cancel);
    await until(
      'its claim to be made, and the call to Temporal to be next',
      () => noticesOf(shop, orderId, 'CANCEL_ASKED'),
      (count) => count === 1,
    );
    api.process.freeze();
    await ageClaims(shop, [cancel.key]);
    const saved = await ask(shop, cancel);
    expect(saved).toMatchObject({ status: 202, data: { status: 'CANCELLED' }, isReplayed: null });
    api.process.freeze(false);
    expect(await frozen).toEqual({ ...saved, isReplayed: 'true' });
    expect(await ask(shop, cancel)).toEqual({ ...saved, isReplayed: 'true' });
    await expectLedgersToBalance(shop, orderId);
  });
});
