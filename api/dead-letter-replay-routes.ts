import { Router } from 'express';
import { controlReplaySchema, type ReplayControlled, replayManySchema } from '../contracts/dead-letter-operations';
import { decisionIdSchema } from '../contracts/decision';
import { deadLetterReplayWorkflowId, REPLAY_ACTIONS } from '../contracts/workflow-api';
import { countWaitingDeadLetters } from '../db/dead-letters';
import { DeadLetterReplays } from '../operations/dead-letter-replays';
import { decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { jsonBody, parse, parseBody } from './validation';

/** Many dead letters sent back by a workflow, which is asked and steered here; operators only. */
export function deadLetterReplayRoutes({ db, settings, workflows, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const replays = new DeadLetterReplays(db, workflows);
  const path = '/api/ops/dead-letter-replays';

  router.post(path, user, operatorsOnly, jsonBody, async (request, response) => {
    const { decisionId, dryRun, ...command } = parseBody(request, replayManySchema);
    const filter = { ...command.filter, deadBefore: untilNow(command.filter.deadBefore) };
    const matches = await countWaitingDeadLetters(db, filter, settings.MAX_REPLAYS);
    const isNew = dryRun
      ? !(await replays.wasStarted(decisionId, command))
      : await replays.start(command, { ...command, bulkId: decisionId, filter, actor: operatorOf(response) });
    const workflowId = deadLetterReplayWorkflowId(decisionId);
    const data = { decisionId, workflowId, matches, ratePerSecond: command.ratePerSecond, dryRun };
    send(response, decisionAnswer({ dryRun, isNew }, data, 'deadLettersReplayed', languageOf(request)));
  });

  router.get(`${path}/:id`, user, operatorsOnly, async (request, response) => {
    const progress = await replays.progress(parse(request, decisionIdSchema, request.params.id));
    send(response, success(200, progress, 'deadLettersReplayed', languageOf(request)));
  });

  for (const action of REPLAY_ACTIONS) {
    router.post(`${path}/:id/${action}`, user, operatorsOnly, jsonBody, async (request, response) => {
      const id = parse(request, decisionIdSchema, request.params.id);
      const { dryRun, ...decision } = parseBody(request, controlReplaySchema);
      const command = { ...decision, action, actor: operatorOf(response), at: new Date().toISOString() };
      const { isNew, control, standing } = await replays.control(id, command, dryRun);
      const data: ReplayControlled = { decisionId: id, action, control, dryRun, ...standing };
      send(response, decisionAnswer({ dryRun, isNew }, data, 'deadLettersReplayed', languageOf(request)));
    });
  }

  return router;
}

/** Dead letters that die while a replay runs are not meant, whatever is asked: one that dies again would go round. */
function untilNow(deadBefore: string | undefined): string {
  const asked = deadBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(deadBefore);
  return new Date(Math.min(asked, Date.now())).toISOString();
}
