import { randomUUID } from 'node:crypto';
import type { ReplayControlled, ReplayProgressView } from '../../contracts/responses/dead-letters';
import { TOPICS } from '../../contracts/topics';
import { SIGNALS } from '../../contracts/workflow/messages';
import { deadLetterReplayWorkflowId } from '../../contracts/workflow-api';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

const PATH = '/dead-letter-replays';
const TOPIC = TOPICS.couponIssue;
/** SQLSTATE of a value that the database can't hold, and of an error that nobody foresaw. */
const UNTRANSLATABLE = '22P05';
const UNFORESEEN = 'P0001';
/** At one a second, while a slow machine steers it. */
const MORE_THAN_ARE_SENT = 50;
/** Temporal deletes a workflow when its other work is done. */
const FORGETTING_MS = 100_000;

describe('a replay of many dead letters', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPIC]);
  const operator = new DeadLetterOperator(shop);

  const post = <Data>(path: string, body: object) => shop.operate<Data>('POST', `${PATH}${path}`, body);
  const progressOf = async (id: string) => (await shop.operate<ReplayProgressView>('GET', `${PATH}/${id}`)).body.data;
  const sendControl = (id: string, how: string, command: object = {}) =>
    post<ReplayControlled>(`/${id}/${how}`, { decisionId: randomUUID(), reason: 'agreed by phone', ...command });
  const reaches = (id: string, what: string, isIt: (progress: ReplayProgressView) => boolean) =>
    until(
      `the replay to be ${what}`,
      () => progressOf(id),
      (progress) => progress !== undefined && isIt(progress),
    );
  const reachesState = (id: string, wanted: ReplayProgressView['state']) =>
    reaches(id, wanted, ({ state }) => state === wanted);

  /** Dead letters of one key that die again whenever they are sent back. */
  async function deadLetters(count: number): Promise<{ key: string; ids: string[] }> {
    const key = `key-${randomUUID()}`;
    await broker.write(TOPIC, ...Array.from({ length: count }, () => ({ key, value: 'no JSON' })));
    return { key, ids: (await operator.deadLettersOf(TOPIC, key, count)).map(({ id }) => id) };
  }

  async function start(key: string, command: object = {}): Promise<string> {
    const decisionId = randomUUID();
    const { status } = await post('', { decisionId, reason: 'mended', ratePerSecond: 1, filter: { key }, ...command });
    expect(status).toBe(202);
    return decisionId;
  }

  const workflowOf = async (id: string) => (await shop.temporal()).workflow.getHandle(deadLetterReplayWorkflowId(id));

  /** Has the database refuse every decision about a dead letter with this SQLSTATE; the returned function lets it go. */
  async function refuseDecision(id: string, sqlState: string): Promise<() => Promise<unknown>> {
    const [topic, , offset] = id.split('/');
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    await shop.db.raw(`
      create function ${name}() returns trigger language plpgsql as
        $$ begin raise exception 'refused for a test' using errcode = '${sqlState}'; end $$;
      create trigger ${name} before insert on dead_letter_decisions for each row
        when (new.topic = '${topic}' and new.record_offset = ${offset}) execute function ${name}();`);
    return () => shop.db.raw(`drop function ${name} cascade`);
  }

  test('keeps who steered it, when and why; the same decision again is no other', async () => {
    const { key } = await deadLetters(MORE_THAN_ARE_SENT);
    const id = await start(key);
    expect((await post(`/${id}/pause`, {})).body.code).toBe('VALIDATION_FAILED');
    const pause = { decisionId: randomUUID(), reason: 'it does harm' };
    const dry = await sendControl(id, 'pause', { ...pause, dryRun: true });
    expect([dry.status, dry.body.data]).toMatchObject([200, { action: 'pause', dryRun: true, state: 'RUNNING' }]);
    expect((await progressOf(id)).steered).toEqual([]);

    const paused = await sendControl(id, 'pause', pause);
    expect([paused.status, paused.headers.get('idempotent-replayed')]).toEqual([202, null]);
    const [control] = (await reachesState(id, 'PAUSED')).steered;
    const actor = expect.stringMatching(/^operator:user-/) as string;
    expect(control).toEqual({ ...pause, action: 'pause', actor, at: paused.body.data.control.at });
    await sendControl(id, 'resume', { reason: 'it was something else' });
    await reachesState(id, 'RUNNING');
    const again = await sendControl(id, 'pause', pause);
    expect([again.status, again.headers.get('idempotent-replayed'), again.body.data.control]).toEqual([
      202,
      'true',
      control,
    ]);
    expect((await sendControl(id, 'cancel', pause)).body.code).toBe('DECISION_ID_REUSED');
    expect((await progressOf(id)).steered.map(({ action }) => action)).toEqual(['pause', 'resume']);

    const cancel = { decisionId: randomUUID(), reason: 'enough' };
    await sendControl(id, 'cancel', cancel);
    const { steered } = await reachesState(id, 'CANCELLED');
    expect(steered.at(-1)).toMatchObject({ ...cancel, action: 'cancel', actor });
    expect((await sendControl(id, 'cancel', cancel)).headers.get('idempotent-replayed')).toBe('true');
    for (const how of ['pause', 'resume', 'cancel']) {
      const late = await sendControl(id, how);
      expect([late.status, late.body]).toMatchObject([409, { code: 'REPLAY_OVER', state: 'CANCELLED' }]);
      expect((await sendControl(randomUUID(), how)).body.code).toBe('REPLAY_NOT_FOUND');
    }
  });

  test('is steered by hand, too, by signals that say nothing or nonsense of themselves', async () => {
    const { key } = await deadLetters(MORE_THAN_ARE_SENT);
    const id = await start(key);
    const workflow = await workflowOf(id);
    const nonsense = [[], [null], ['text'], [7], [[]], [{ decisionId: 7, actor: {}, reason: '', at: null }]];
    for (const args of nonsense) await workflow.signal(SIGNALS.pause, ...args);
    const { steered } = await reachesState(id, 'PAUSED');
    const at = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(steered).toEqual(nonsense.map(() => ({ action: 'pause', at })));
    await workflow.signal(SIGNALS.resume);
    await reachesState(id, 'RUNNING');
    const decision = { decisionId: 'by-hand-1', actor: 'lee', reason: 'it does harm' };
    for (const action of [SIGNALS.pause, SIGNALS.pause]) await workflow.signal(action, decision);
    const paused = await reachesState(id, 'PAUSED');
    expect(paused.steered.slice(nonsense.length + 1)).toEqual([{ ...decision, action: 'pause', at }]);
    // The api would refuse it; where it could not look, what it said to have taken must not come to nothing.
    await workflow.signal(SIGNALS.resume, decision);
    await reachesState(id, 'RUNNING');
    await workflow.signal(SIGNALS.pause, decision);
    expect((await progressOf(id)).steered.slice(nonsense.length + 1).map(({ action }) => action)).toEqual([
      'pause',
      'resume',
    ]);
    await workflow.cancel();
    expect((await reachesState(id, 'CANCELLED')).steered.at(-1)).toMatchObject({
      action: 'cancel',
      reason: 'cancelled in Temporal',
    });
  });

  test('counts a dead letter that the database refuses, and goes on with the others', async () => {
    const { key, ids } = await deadLetters(2);
    const release = await refuseDecision(ids[0] as string, UNTRANSLATABLE);
    try {
      const id = await start(key);
      expect(await reachesState(id, 'DONE')).toMatchObject({ replayed: 1, refused: { REFUSED_BY_DATABASE: 1 } });
      expect((await operator.show(ids[0] as string)).state).toBe('WAITING');
    } finally {
      await release();
    }
  });

  test.each(['cancel', 'pause'])('that fails again and again says so, and a %s ends its tries', async (how) => {
    const { key, ids } = await deadLetters(1);
    const release = await refuseDecision(ids[0] as string, UNFORESEEN);
    try {
      const id = await start(key);
      const failing = ({ failing: why }: ReplayProgressView) => why?.includes(UNFORESEEN) ?? false;
      await reaches(id, 'failing', failing);
      await sendControl(id, how);
      await reachesState(id, how === 'cancel' ? 'CANCELLED' : 'PAUSED');
      await reaches(id, 'at rest', (progress) => !failing(progress));
      await release();
      if (how === 'cancel') return;
      await sendControl(id, 'resume');
      expect(await reachesState(id, 'DONE')).toMatchObject({ replayed: 1, refused: {} });
    } finally {
      await release().catch(() => undefined);
    }
  });

  test('says how many it has sent back, and that it was terminated', async () => {
    const { key, ids } = await deadLetters(2);
    const release = await refuseDecision(ids[1] as string, UNFORESEEN);
    try {
      const id = await start(key, { ratePerSecond: 2 });
      await reaches(
        id,
        'failing with the first sent back',
        ({ failing, replayed }) => Boolean(failing) && replayed === 1,
      );
      expect((await sendControl(id, 'pause', { dryRun: true })).body.data).toMatchObject({
        state: 'RUNNING',
        replayed: 1,
      });
      await (await workflowOf(id)).terminate('by a test');
      expect(await progressOf(id)).toMatchObject({ state: 'TERMINATED', replayed: 1 });
      const late = await sendControl(id, 'resume');
      expect([late.status, late.body]).toMatchObject([409, { code: 'REPLAY_OVER', state: 'TERMINATED' }]);
    } finally {
      await release();
    }
  });

  test('does not go round with dead letters that die again, whatever time is asked for', async () => {
    const { key } = await deadLetters(2);
    const id = await start(key, { filter: { key, deadBefore: '2099-01-01T00:00:00Z' } });
    expect(await reachesState(id, 'DONE')).toMatchObject({ replayed: 2 });
    expect((await operator.deadLettersOf(TOPIC, key, 4)).map(({ replayCount }) => replayCount)).toEqual([0, 0, 1, 1]);
  });

  test('is not begun anew under its id when its workflow is forgotten', async () => {
    const { key } = await deadLetters(1);
    const command = { decisionId: randomUUID(), reason: 'every night', filter: { key } };
    await post('', command);
    await reachesState(command.decisionId, 'DONE');
    await operator.deadLettersOf(TOPIC, key, 2);
    const { workflowService } = await shop.temporal();
    const workflowExecution = { workflowId: deadLetterReplayWorkflowId(command.decisionId) };
    await workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
    await until(
      'the workflow to be forgotten',
      async () => (await shop.operate('GET', `${PATH}/${command.decisionId}`)).status,
      (status) => status === 404,
      FORGETTING_MS,
    );
    for (const dryRun of [true, false]) {
      const refused = await post('', { ...command, dryRun });
      expect([refused.status, refused.body]).toMatchObject([409, { code: 'DECISION_ID_REUSED', replayed: 1 }]);
    }
  }, 120_000);
});
