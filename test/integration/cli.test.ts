import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentUserId } from '../../cli/development-token';
import type { TimelineView } from '../../contracts/responses/common';
import type { CouponView } from '../../contracts/responses/coupons';
import type {
  BlockedKeyView,
  DeadLetterSummary,
  DeadLetterView,
  ReplayControlled,
  ReplayProgressView,
} from '../../contracts/responses/dead-letters';
import type { OutboxView, SagaDecided, SagaDetails, SagaSummary } from '../../contracts/responses/sagas';
import { TOPICS } from '../../contracts/topics';
import { eventOf, type WrittenRecord } from '../support/broker';
import { roleEnvironment } from '../support/environment';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { type CommandEnd, ordersaga } from '../support/operator-command';
import { processingEvent } from '../support/processing';
import { until } from '../support/until';

const NOT_TEXT = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);

describe('the operator’s command', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.orderProcessing]);
  const folder = mkdtempSync(join(tmpdir(), 'ordersaga-cli-'));
  let operator: NodeJS.ProcessEnv;
  beforeAll(async () => {
    operator = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([shop.close(), broker.close()]);
  });

  const run = (...args: string[]) => ordersaga(args, operator);
  /** Again and again while Temporal does not answer in time, as the exit code advises. */
  const runUntilAnswered = (...args: string[]) =>
    until(
      'a response',
      () => run(...args),
      ({ exitCode }) => exitCode !== 5,
    );
  /** The data of a command that goes well. */
  async function dataOf<Data>(...args: string[]): Promise<Data> {
    const { exitCode, stdout, stderr } = await run(...args, '--json');
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
    return JSON.parse(stdout.toString()) as Data;
  }
  const fileOf = (content: string) => {
    const file = join(folder, randomUUID());
    writeFileSync(file, content);
    return file;
  };

  /** Writes a record that dies, and waits until `dlt list` has it. */
  async function makeDeadLetter(record: WrittenRecord): Promise<DeadLetterSummary> {
    await broker.write(TOPICS.orderProcessing, record);
    const [deadLetter] = await until(
      'the dead letter',
      () => dataOf<DeadLetterSummary[]>('dlt', 'list', '--key', String(record.key), '--topic', TOPICS.orderProcessing),
      (deadLetters) => deadLetters.length > 0,
    );
    return deadLetter as DeadLetterSummary;
  }

  /** An order whose parcel the carrier will not take back at once. */
  async function parkedOrder(): Promise<number> {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:store_refused fault:undo_refused:1', warehouseStorage: true });
    await shop.reaches(orderId, 'PAYMENT_COMPLETED', 'NEEDS_OPERATOR');
    return orderId;
  }

  test('a dead letter is found, decoded, edited and sent back, and its order is paid', async () => {
    const { orderId } = await shop.payableOrder();
    const key = `cli-${randomUUID()}`;
    const good = eventOf(processingEvent(orderId));
    const deadLetter = await makeDeadLetter({ key, value: JSON.stringify({ ...good, orderId: 'seven' }) });
    expect(deadLetter).toMatchObject({ state: 'WAITING', code: 'WRONG_SCHEMA', key });
    const decoded = await run('dlt', 'decode', deadLetter.id);
    expect(JSON.parse(decoded.stdout.toString())).toEqual({ ...good, orderId: 'seven' });

    const edit = [
      'dlt',
      'replay',
      deadLetter.id,
      '--reason',
      'order id mended',
      '--edit',
      fileOf(JSON.stringify(good)),
    ];
    const unasked = await run(...edit);
    expect([unasked.exitCode, unasked.stdout.toString()]).toEqual([2, '']);
    expect(unasked.stderr).toContain('--yes');
    const dry = await run(...edit, '--dry-run', '--json');
    expect([dry.exitCode, JSON.parse(dry.stdout.toString())]).toMatchObject([0, { dryRun: true, state: 'WAITING' }]);
    expect(dry.stderr).toContain(`-  "orderId": "seven"`);
    expect(dry.stderr).toContain(`+  "orderId": ${orderId}`);
    expect((await dataOf<DeadLetterView>('dlt', 'show', deadLetter.id)).state).toBe('WAITING');

    const sent = await run(...edit, '--yes', '--decision-id', key);
    expect([sent.exitCode, sent.stdout.toString()]).toEqual([0, `${deadLetter.id}  REPLAYED  decision ${key}\n`]);
    expect((await run(...edit, '--yes', '--decision-id', key)).exitCode).toBe(0);
    const another = await run(...edit, '--yes');
    expect([another.exitCode, another.stderr]).toEqual([1, expect.stringContaining('DEAD_LETTER_DECIDED')]);
    await shop.reaches(orderId, 'PREPARING');
    await expectLedgersToBalance(shop, orderId);
    expect((await dataOf<DeadLetterView>('dlt', 'show', deadLetter.id)).decision).toMatchObject({
      actor: `operator:${developmentUserId('op@example.com')}`,
      reason: 'order id mended',
      isEdited: true,
    });
  });

  test('bytes that are no text come out as they were; what is read from stdin is held against the schema', async () => {
    const key = `cli-${randomUUID()}`;
    const deadLetter = await makeDeadLetter({ key, value: NOT_TEXT });
    expect((await run('dlt', 'decode', deadLetter.id)).stdout.equals(NOT_TEXT)).toBe(true);
    const args = ['dlt', 'replay', deadLetter.id, '--edit', '-', '--reason', 'a guess', '--yes', '--json'];
    const refused = await ordersaga(args, operator, '{"orderId": "seven"}');
    expect([refused.exitCode, refused.stdout.toString()]).toEqual([1, '']);
    expect(refused.stderr).toContain('"code":"VALUE_INVALID"');
    const discard = ['dlt', 'discard', deadLetter.id, '--reason', 'a test', '--decision-id', key];
    const dry = await run(...discard, '--dry-run');
    expect([dry.exitCode, dry.stdout.toString()]).toEqual([0, '']);
    expect(dry.stderr).toBe(`${deadLetter.id} would be discarded for good (NOT_UTF8)\n`);
    expect((await run(...discard, '--yes')).stdout.toString()).toBe(`${deadLetter.id}  DISCARDED  decision ${key}\n`);
    expect((await run(...discard, '--dry-run')).stderr).toContain('decided by this decision id before');
    const groups = await dataOf<{ state: string; count: number }[]>('dlt', 'groups', '--key', key);
    expect(groups).toMatchObject([{ state: 'DISCARDED', count: 1 }]);
  });

  test('a replay of many is paused, resumed and cancelled with a reason, and its progress says by whom', async () => {
    const key = `cli-${randomUUID()}`;
    const records = Array.from({ length: 100 }, () => ({ key, value: 'no JSON' }));
    await broker.write(TOPICS.orderProcessing, ...records);
    const all = ['dlt', 'replay', '--all', '--key', key, '--reason', 'mended', '--rate', '1'];
    const dry = await until(
      'all to be indexed',
      () => run(...all, '--dry-run'),
      ({ stderr }) => stderr.includes('100 dead letters match'),
    );
    expect(dry.stderr).toContain('each would be checked when its turn comes');
    const id = randomUUID();
    expect((await run(...all, '--yes', '--decision-id', id)).exitCode).toBe(0);
    const progress = () => dataOf<ReplayProgressView>('dlt', 'progress', id);
    const reaches = (wanted: string) => until(wanted, progress, ({ state }) => state === wanted);

    const pause = ['dlt', 'pause', id, '--reason', 'it does harm'];
    expect((await dataOf<ReplayControlled>(...pause, '--dry-run')).state).toBe('RUNNING');
    expect((await run(...pause)).exitCode).toBe(0);
    await reaches('PAUSED');
    const shown = (await run('dlt', 'progress', id)).stdout.toString();
    expect(shown).toMatch(/^PAUSED {2}\d+ sent back.*\n.*Z {2}pause by operator:user-\w+: it does harm\n$/);
    expect((await run('dlt', 'resume', id, '--reason', 'it was something else')).exitCode).toBe(0);

    const cancel = ['dlt', 'cancel', id, '--reason', 'enough'];
    expect((await run(...cancel)).exitCode).toBe(2);
    const dryCancel = await run(...cancel, '--dry-run');
    expect([dryCancel.exitCode, dryCancel.stdout.toString()]).toEqual([0, '']);
    expect(dryCancel.stderr).toContain(`${id} would cancel: RUNNING`);
    expect((await run(...cancel, '--yes')).exitCode).toBe(0);
    const { steered } = await reaches('CANCELLED');
    expect(steered.map(({ action }) => action)).toEqual(['pause', 'resume', 'cancel']);
    const late = await run(...pause);
    expect([late.exitCode, late.stderr]).toEqual([1, expect.stringContaining('REPLAY_OVER')]);
  });

  test('a parked saga is found and shown on one screen, and RETRY ends it', async () => {
    const orderId = await parkedOrder();
    const found = await dataOf<SagaSummary[]>('saga', 'list', '--needs-operator');
    expect(found.find((saga) => saga.orderId === orderId)).toMatchObject({
      status: 'PAYMENT_COMPLETED',
      sagaState: 'NEEDS_OPERATOR',
      stuck: [{ step: 'shipment', attempt: 1, code: 'UNDO_REFUSED' }],
    });
    const details = await until(
      'its workflow to answer the query',
      () => dataOf<SagaDetails>('saga', 'show', String(orderId)),
      ({ waits, workflow }) => waits !== undefined && workflow !== undefined,
    );
    expect(details).toMatchObject({
      order: { orderId, sagaState: 'NEEDS_OPERATOR' },
      requests: [{ state: 'RUNNING', attempt: 1, source: 'api' }],
      money: [{ kind: 'charge' }, { kind: 'refund' }],
      stock: [{ kind: 'hold', units: 1 }],
      workflow: { workflowId: `order-${orderId}`, status: 'RUNNING' },
      waits: { waitingFor: 'a decision on the undo that failed', stuck: [{ step: 'shipment' }] },
    });
    expect(details.steps.find(({ step }) => step === 'payment')).toMatchObject({
      state: 'UNDONE',
      key: `${orderId}:payment:1`,
      providerRef: expect.any(String) as string,
    });
    expect(JSON.stringify(details)).not.toMatch(/tok_visa|Sejong-daero|kim@example.com/);
    const screen = (await run('saga', 'show', String(orderId))).stdout.toString();
    expect(screen.split('\n').length).toBeLessThan(45);
    expect(screen).toContain(`ordersaga saga resolve ${orderId} --step shipment --decision RETRY`);

    const resolve = (step: string, ...more: string[]) =>
      runUntilAnswered(
        'saga',
        'resolve',
        String(orderId),
        '--step',
        step,
        '--decision',
        'RETRY',
        '--reason',
        'called',
        ...more,
      );
    const notStuck = await resolve('payment', '--yes');
    expect([notStuck.exitCode, notStuck.stderr]).toEqual([1, expect.stringContaining('NOT_RESOLVABLE')]);
    expect((await resolve('shipment', '--dry-run')).exitCode).toBe(0);
    expect((await resolve('payment', '--dry-run')).exitCode).toBe(1);
    const decisionId = randomUUID();
    const decided = await resolve('shipment', '--yes', '--json', '--decision-id', decisionId);
    expect(JSON.parse(decided.stdout.toString()) as SagaDecided).toMatchObject({ orderId, decisionId, dryRun: false });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    expect((await resolve('shipment', '--yes', '--decision-id', decisionId)).exitCode).toBe(0);
    const reused = await resolve('payment', '--yes', '--decision-id', decisionId);
    expect([reused.exitCode, reused.stderr]).toEqual([1, expect.stringContaining('DECISION_ID_REUSED')]);
    const { resolutions } = await dataOf<SagaDetails>('saga', 'show', String(orderId));
    expect(resolutions).toMatchObject([
      { decisionId, decision: 'RETRY', step: 'shipment', actor: `operator:${developmentUserId('op@example.com')}` },
    ]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('an order is undone once a decision, and not where the goods have left', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    const compensate = (...more: string[]) =>
      runUntilAnswered('saga', 'compensate', String(orderId), '--reason', 'the customer called', ...more);
    expect((await compensate()).exitCode).toBe(2);
    expect((await compensate('--dry-run')).exitCode).toBe(0);
    expect((await shop.status(orderId)).status).toBe('PREPARING');
    const decisionId = randomUUID();
    const same = () => compensate('--yes', '--decision-id', decisionId);
    expect((await same()).exitCode).toBe(0);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect((await same()).exitCode).toBe(0);
    const late = await compensate('--yes');
    expect([late.exitCode, late.stderr]).toEqual([1, expect.stringContaining('ORDER_CANCELLED')]);
    await expectLedgersToBalance(shop, orderId);
    const { resolutions, timeline } = await dataOf<SagaDetails>('saga', 'show', String(orderId));
    expect(resolutions).toMatchObject([{ decisionId, decision: 'COMPENSATE', reason: 'the customer called' }]);
    expect(timeline.filter(({ type }) => type === 'refused')).toEqual([]);
  });

  test('an order is shown and watched, a coupon and the outbox are counted', async () => {
    const { orderId } = await shop.payableOrder();
    const watched = ordersaga(['orders', 'watch', String(orderId), '--until', 'PREPARING', '--json'], operator);
    await shop.pay(orderId);
    const lines = (await watched).stdout.toString().trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as TimelineView);
    expect(entries.filter(({ type }) => type === 'status').map(({ data }) => data.to)).toEqual([
      'CREATED',
      'PENDING_PAYMENT',
      'PAYMENT_COMPLETED',
      'PREPARING',
    ]);
    expect(await dataOf('orders', 'show', String(orderId))).toMatchObject({
      orderId,
      lines: [{ quantity: 1 }],
      standing: { status: 'PREPARING', canCancel: true },
    });
    const code = await shop.coupon(3);
    expect((await dataOf<CouponView>('coupon', 'show', code)).counts.left).toBe(3);
    expect(await dataOf<OutboxView>('outbox', 'status')).toMatchObject({
      waiting: expect.any(Number) as number,
      delayed: expect.any(Number) as number,
      rows: expect.any(Array) as [],
    });
  });

  test('blocked keys are listed, and a key behind which nothing waits is not released', async () => {
    expect(await dataOf<BlockedKeyView[]>('dlt', 'blocked')).toEqual(expect.any(Array));
    const released = await run('dlt', 'release', 'shipment.status', 'nobody', '--reason', 'a test', '--yes');
    expect([released.exitCode, released.stderr]).toEqual([3, expect.stringContaining('KEY_NOT_BLOCKED')]);
    expect((await run('dlt', 'release', 'shipment.status', 'nobody', '--reason', 'a test')).exitCode).toBe(2);
  });

  test('an order is not watched for ever when it can not come where it is wanted', async () => {
    const { orderId } = await shop.payableOrder();
    expect((await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'too late' } })).status).toBe(
      202,
    );
    const watched = await run('orders', 'watch', String(orderId), '--until', 'COMPLETED');
    expect([watched.exitCode, watched.stderr]).toEqual([1, expect.stringContaining(`order ${orderId} is CANCELLED`)]);
  });

  test('a token for development is printed alone, and the stack’s address and secret do without one', async () => {
    const env = roleEnvironment(shop.system);
    const { stdout, stderr } = await ordersaga(['token', 'lee@example.com', 'operator'], env);
    expect(stderr).toBe('');
    expect(stdout.toString()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const byToken = { ...operator, ORDERSAGA_TOKEN: stdout.toString().trim() };
    expect((await ordersaga(['outbox', 'status'], byToken)).exitCode).toBe(0);
    expect((await ordersaga(['outbox', 'status'], env)).exitCode).toBe(0);
    expect((await ordersaga(['token', 'nobody'], env)).exitCode).toBe(2);
    expect(
      (
        await ordersaga(['token', 'lee@example.com'], {
          ...env,
          NODE_ENV: 'production',
          PUBLIC_URL: 'https://orders.example',
          PAYMENT_PROVIDER: 'stripe',
          STRIPE_SECRET_KEY: 'x',
        })
      ).exitCode,
    ).toBe(1);
  });

  test('the exit code says what went wrong, and nothing of it is on stdout', async () => {
    const customer = { ...operator, ORDERSAGA_TOKEN: await shop.token() };
    const ends: readonly [number, Promise<CommandEnd>][] = [
      [2, run('dlt')],
      [2, run('dlt', 'list', '--no-such-option')],
      [2, run('dlt', 'list', '--state', 'NONSENSE')],
      [2, run('dlt', 'show', 'no-place')],
      [2, run('saga', 'compensate', '1')],
      [2, run('dlt', 'pause', 'some-replay')],
      [2, run('orders', 'watch', '1', '--until', 'DELIVERED')],
      [2, run('dlt', 'replay', 'coupon.issue.DLT/0/0', '--edit', '-', '--reason', 'mended')],
      [2, ordersaga(['saga', 'list'], { ...operator, ORDERSAGA_API: 'localhost:3000' })],
      [2, ordersaga(['saga', 'list'], { ...operator, ORDERSAGA_TOKEN: 'my-secret\n' })],
      [3, run('saga', 'show', '999999999')],
      [3, run('dlt', 'show', 'coupon.issue.DLT/0/999999999')],
      [3, run('coupon', 'show', 'no-such-coupon')],
      [4, ordersaga(['saga', 'list'], customer)],
      [4, ordersaga(['saga', 'list'], { ...operator, ORDERSAGA_TOKEN: 'forged' })],
      [5, ordersaga(['saga', 'list'], { ...operator, ORDERSAGA_API: 'http://127.0.0.1:1' })],
    ];
    const seen = await Promise.all(ends.map(async ([wanted, end]) => ({ wanted, ...(await end) })));
    for (const { wanted, exitCode, stdout, stderr } of seen) {
      expect([exitCode, stdout.toString(), stderr]).toEqual([wanted, '', expect.stringMatching(/\S/)]);
      expect(stderr).not.toMatch(/my-secret|^ +at /m);
    }
    const asJson: readonly [string, Promise<CommandEnd>][] = [
      ['USAGE', run('dlt', 'list', '--json', '--no-such-option')],
      ['USAGE', run('saga', 'compensate', '1', '--json')],
      ['USAGE', run('saga', 'show', 'no-order', '--json')],
      ['UNAVAILABLE', ordersaga(['saga', 'list', '--json'], { ...operator, ORDERSAGA_API: 'http://127.0.0.1:1' })],
      ['ORDER_NOT_FOUND', run('saga', 'show', '999999999', '--json')],
    ];
    for (const [code, end] of asJson) {
      const problem = JSON.parse((await end).stderr) as unknown;
      expect(problem).toMatchObject({ code, detail: expect.stringMatching(/\S/) as string });
    }
    const help = await run('saga', 'resolve', '--help');
    expect([help.exitCode, help.stdout.toString()]).toEqual([0, expect.stringContaining('Examples:')]);
  });
});
