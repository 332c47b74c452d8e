import { z } from 'zod';
import { replayManySchema } from '../../contracts/dead-letter-operations';
import { decisionIdSchema, decisionSchema } from '../../contracts/decision';
import {
  replayControlledSchema,
  replayProgressSchema,
  replayStartedSchema,
} from '../../contracts/responses/dead-letters';
import { deadLetterReplayWorkflowId, type ReplayAction } from '../../contracts/workflow-api';
import { countWaitingDeadLetters } from '../../db/dead-letters';
import { DeadLetterReplays, untilNow } from '../../operations/dead-letter-replays';
import { decisionRoute } from '../decision-route';
import { type Endpoint, route } from '../route';

const ofReplay = { params: z.object({ id: decisionIdSchema }) };
const REPLAY = { ko: '데드 레터 재전송', en: 'The replay of dead letters' };
const DRY_RUN = {
  ko: '데드 레터 재전송: 바뀐 것은 없습니다.',
  en: 'The replay of dead letters: nothing was done.',
};

/** Many dead letters sent back by a workflow, which is started and controlled here. */
export const deadLetterReplayRoutes = [
  decisionRoute('POST /api/ops/dead-letter-replays', {
    id: 'startReplay',
    summary:
      'Send every waiting dead letter that the filter matches back, so many a second, by a workflow. Its decisionId is that of one replay for good: once its workflow is forgotten, it is DECISION_ID_REUSED even for the same request (operators)',
    body: replayManySchema,
    data: replayStartedSchema,
    message: REPLAY,
    dryRunMessage: DRY_RUN,
    problems: ['TEMPORAL_UNAVAILABLE'],
    async decide({ body, decision }, { db, workflows, settings }) {
      const filter = { ...body.filter, deadBefore: untilNow(body.filter.deadBefore) };
      const matches = await countWaitingDeadLetters(db, filter, settings.MAX_REPLAYS);
      const isNew = await new DeadLetterReplays(db, workflows).start(body, decision);
      const { decisionId, isDryRun = false } = decision;
      const workflowId = deadLetterReplayWorkflowId(decisionId);
      return {
        isNew,
        data: { decisionId, workflowId, matches, ratePerSecond: body.ratePerSecond, dryRun: isDryRun },
      };
    },
  }),

  route('GET /api/ops/dead-letter-replays/{id}', {
    id: 'getReplay',
    summary: 'How far a replay has come, by its decisionId (operators)',
    access: 'viewer',
    ...ofReplay,
    response: { status: 200, data: replayProgressSchema, message: REPLAY },
    problems: ['REPLAY_NOT_FOUND', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ params }, { db, workflows }) => ({
      data: await new DeadLetterReplays(db, workflows).progress(params.id),
    }),
  }),

  controlRoute(
    'POST /api/ops/dead-letter-replays/{id}/pause',
    'pause',
    'Pause a replay of many dead letters (operators)',
  ),
  controlRoute(
    'POST /api/ops/dead-letter-replays/{id}/resume',
    'resume',
    'Resume a replay of many dead letters (operators)',
  ),
  controlRoute(
    'POST /api/ops/dead-letter-replays/{id}/cancel',
    'cancel',
    'Cancel a replay of many dead letters (operators)',
  ),
] as const;

function controlRoute<const At extends Endpoint>(at: At, action: ReplayAction, summary: string) {
  return decisionRoute(at, {
    id: `${action}Replay`,
    summary,
    ...ofReplay,
    body: decisionSchema,
    data: replayControlledSchema,
    message: REPLAY,
    dryRunMessage: DRY_RUN,
    problems: ['REPLAY_NOT_FOUND', 'REPLAY_OVER', 'TEMPORAL_UNAVAILABLE'],
    async decide({ params: { id }, decision }, { db, workflows }) {
      const { isNew, control, standing } = await new DeadLetterReplays(db, workflows).control(id, action, decision);
      return { isNew, data: { decisionId: id, action, control, dryRun: decision.isDryRun ?? false, ...standing } };
    },
  });
}
