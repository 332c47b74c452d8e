import { randomUUID } from 'node:crypto';
import type { OperatorItemList, OperatorItemView } from '../../contracts/responses/operator-items';
import { TOPICS } from '../../contracts/topics';
import { indexDeadLetters } from '../../db/dead-letter-index';
import { closeOperatorItems, openOperatorItem } from '../../db/operator-items';
import { replaceItems } from '../../db/saga-items';
import { discardDeadLetter } from '../../operations/dead-letters';
import { Fixture } from '../support/fixture';
import { ordersaga } from '../support/operator-command';
import { until } from '../support/until';

/** I11: whatever waits for a person, or has failed for good, is listed within a minute. */
const WITHIN_MS = 60_000;

describe('the one list of what needs a person', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.shipmentStatus]);

  const list = async (query: string): Promise<readonly OperatorItemView[]> =>
    (await shop.operate<OperatorItemList>('GET', `/items?${query}`)).body.data.items;
  const listed = (what: string, query: string) =>
    until(
      `${what} to be listed`,
      () => list(query),
      (items) => items.length === 1,
      WITHIN_MS,
    );
  const isClosed = (id: number, state: string) =>
    until(
      `item ${id} to be ${state}`,
      async () => (await shop.operate<OperatorItemView>('GET', `/items/${id}`)).body.data,
      (item) => item.state === state,
      WITHIN_MS,
    );

  test('has a cause once, however many see it at once, and anew after it was closed', async () => {
    const id = { kind: 'LOST_REQUEST', subject: `test/${randomUUID()}` } as const;
    const open = (cause: string) => openOperatorItem(shop.db, { ...id, cause });
    await Promise.all(Array.from({ length: 50 }, () => open('FIRST')));
    await open('SECOND');
    const rows = () => shop.db('operator_items').where(id).orderBy('id').select('state', 'cause', 'times');
    expect(await rows()).toEqual([{ state: 'OPEN', cause: 'SECOND', times: 51 }]);
    expect(await closeOperatorItems(shop.db, id, { state: 'HEALED' })).toBe(1);
    await open('THIRD');
    expect(await rows()).toEqual([
      { state: 'HEALED', cause: 'SECOND', times: 51 },
      { state: 'OPEN', cause: 'THIRD', times: 1 },
    ]);
    await closeOperatorItems(shop.db, id, { state: 'HEALED' });
  });

  test("has a workflow's newest list: an older one that comes late brings nothing back", async () => {
    const { orderId } = await shop.payableOrder();
    const workflowId = `order-${orderId}`;
    const item = { kind: 'PARKED_SAGA', subject: `${workflowId}/payment`, cause: 'UNDO_REFUSED', orderId } as const;
    const write = (asOfMs: number, ...items: (typeof item)[]) =>
      shop.db.transaction((trx) => replaceItems(trx, { kinds: [item.kind], workflowId, asOfMs, items }));
    const states = () => shop.db('operator_items').where({ order_id: orderId }).orderBy('id').pluck('state');
    await write(1_000, item);
    await write(2_000);
    await write(1_500, item);
    expect(await states()).toEqual(['HEALED']);
    await write(3_000, item);
    expect(await states()).toEqual(['HEALED', 'OPEN']);
    await shop.signal(orderId, 'compensate', { reason: 'given up', actor: 'lee' });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await until('what its settled order left open to be closed', states, (all) => all.join() === 'HEALED,HEALED');
  });

  test('has a parked saga with what is at risk, until it is resolved; the command shows both', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:1', recipientName: 'fault:ship_refused' });
    const [item] = (await listed('the parked saga', `order=${orderId}`)) as unknown as [OperatorItemView];
    expect(item).toMatchObject({ kind: 'PARKED_SAGA', cause: 'UNDO_REFUSED', step: 'payment', amountAtRisk: 1_000 });
    expect(item.whatToDo).toContain(`ordersaga saga resolve ${orderId} --step payment`);
    const env = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
    expect((await ordersaga(['items', '--order', String(orderId)], env)).stdout.toString()).toContain('UNDO_REFUSED');
    const resolve = ['saga', 'resolve', String(orderId), '--step', 'payment', '--decision', 'RETRY'];
    await ordersaga([...resolve, '--reason', 'the bank was called', '--yes'], env);
    const closed = await isClosed(item.id, 'RESOLVED');
    expect(closed.decision).toMatchObject({ decision: 'RETRY', reason: 'the bank was called' });
    const shown = (await ordersaga(['items', 'show', String(item.id)], env)).stdout.toString();
    expect(shown).toContain('RETRY by operator:');
  });

  test('has a dead letter and the key that it blocks, until somebody decides', async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.shipmentStatus, { key: String(orderId), value: 'nonsense' });
    const [blocked] = (await listed('the blocked key', `kind=BLOCKED_KEY&order=${orderId}`)) as unknown as [
      OperatorItemView,
    ];
    const deadLetter = await until(
      'the dead letter',
      () =>
        shop
          .db('dead_letters')
          .whereRaw('key = ?', [Buffer.from(String(orderId))])
          .first('topic', 'partition', 'record_offset'),
      (row) => row !== undefined,
    );
    const position = `${deadLetter.topic}/${deadLetter.partition}/${deadLetter.record_offset}`;
    const items = await list(`kind=DEAD_LETTER&subject=${position}`);
    expect(items).toMatchObject([{ cause: 'NOT_JSON', whatToDo: `ordersaga dlt show ${position}` }]);
    const path = `/dead-letters/${position}/discard`;
    const body = { decisionId: randomUUID(), reason: 'never meant for us' };
    for (const _ of [1, 2]) expect((await shop.operate('POST', path, body)).status).toBe(202);
    const closed = await isClosed((items[0] as OperatorItemView).id, 'RESOLVED');
    expect(closed.decision).toMatchObject({ decision: 'DISCARD', decisionId: body.decisionId });
    await isClosed(blocked.id, 'HEALED');
  });

  test('has a dead letter anew that comes to the position of one that was decided, in a topic made anew', async () => {
    const at = { topic: `made-anew-${randomUUID()}.DLT`, partition: 0, offset: '0' };
    const deadLetter = {
      ...{ ...at, originTopic: 'made-anew', originPartition: 0, originOffset: '0', consumerGroup: null, message: null },
      ...{ key: null, value: null, headers: {}, exceptionHeaders: {}, replayCount: 0, decisionId: null, eventId: null },
      ...{ orderId: null, requestId: null, releaseToken: null },
    };
    const dies = (day: number, code: string) => {
      const deadAt = new Date(Date.UTC(2026, 0, day));
      return indexDeadLetters(shop.db, [{ ...deadLetter, code, deadAt, originAt: deadAt }]);
    };
    const rows = () =>
      shop
        .db('operator_items')
        .where({ subject: `${at.topic}/0/0` })
        .orderBy('id')
        .select('state', 'cause');
    await dies(1, 'FIRST');
    const decision = { decisionId: randomUUID(), actor: 'lee', reason: 'never meant for us' };
    await discardDeadLetter(shop.db, at, decision, { maxReplays: 3 });
    await dies(1, 'FIRST');
    expect(await rows()).toEqual([{ state: 'RESOLVED', cause: 'FIRST' }]);
    await dies(2, 'SECOND');
    expect(await rows()).toEqual([
      { state: 'RESOLVED', cause: 'FIRST' },
      { state: 'OPEN', cause: 'SECOND' },
    ]);
    await discardDeadLetter(shop.db, at, { ...decision, decisionId: randomUUID() }, { maxReplays: 3 });
  });

  test('has an order whose workflow was terminated, until somebody has seen to it', async () => {
    const { orderId } = await shop.payableOrder();
    const { workflow } = await shop.temporal();
    await workflow.getHandle(`order-${orderId}`).terminate('by the test');
    const [item] = (await listed('the terminated workflow', `order=${orderId}`)) as unknown as [OperatorItemView];
    expect(item).toMatchObject({ kind: 'FAILED_WORKFLOW', cause: 'TERMINATED', workflowId: `order-${orderId}` });
    const resolve = (decisionId: string) =>
      shop.operate('POST', `/items/${item.id}/resolve`, { decisionId, reason: 'cancelled by hand' });
    const id = randomUUID();
    expect((await resolve(id)).status).toBe(202);
    const again = await resolve(id);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect((await resolve(randomUUID())).body).toMatchObject({ code: 'ITEM_CLOSED' });
    expect((await isClosed(item.id, 'RESOLVED')).decision).toMatchObject({ decision: 'ACKNOWLEDGED' });
  });

  test('has a workflow that failed, and no order that was settled all the same', async () => {
    const { workflow } = await shop.temporal();
    const unknown = 900_000_000 + Math.floor(Math.random() * 1e6);
    await workflow
      .start('orderSaga', { workflowId: `order-${unknown}`, taskQueue: 'orders', args: [{ orderId: unknown }] })
      .then((handle) => handle.result())
      .catch(() => undefined);
    const found = await until(
      'the failed workflow to be listed',
      async () =>
        (await list('kind=FAILED_WORKFLOW&limit=200')).filter(({ subject }) => subject === `order-${unknown}`),
      (items) => items.length === 1,
      WITHIN_MS,
    );
    expect(found).toMatchObject([{ cause: 'FAILED' }]);
  });

  test('is for operators alone, refuses what makes no sense, and closes nothing that has a decision of its own', async () => {
    expect((await shop.call('GET', '/api/ops/items')).status).toBe(403);
    for (const query of ['kind=NONSENSE', 'state=MAYBE', 'limit=0', 'order=x', 'unknown=1', 'cause=%00'])
      expect((await shop.operate('GET', `/items?${query}`)).status).toBe(400);
    expect((await shop.operate('GET', '/items/999999999')).status).toBe(404);
    const id = { kind: 'CREDENTIALS_REFUSED', subject: `test ${randomUUID()}` } as const;
    await openOperatorItem(shop.db, { ...id, cause: 'CREDENTIALS_REFUSED' });
    const [row] = (await shop.db('operator_items').where(id).pluck('id')) as [number];
    const body = { decisionId: randomUUID(), reason: 'seen' };
    const refused = await shop.operate('POST', `/items/${row}/resolve`, body);
    expect(refused.body).toMatchObject({ code: 'ITEM_HAS_OWN_DECISION' });
    await closeOperatorItems(shop.db, id, { state: 'HEALED' });
  });
});
