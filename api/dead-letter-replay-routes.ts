import { isDeepStrictEqual } from 'node:util';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { Router } from 'express';
import type { z } from 'zod';
import { replayManySchema } from '../contracts/dead-letter-desk';
import { decisionIdSchema } from '../contracts/decision';
import {
  type DeadLetterReplayInput,
  deadLetterReplayWorkflowId,
  QUERIES,
  type ReplayProgress,
  SIGNALS,
  TASK_QUEUES,
  WORKFLOWS,
} from '../contracts/workflow-api';
import { countWaitingLetters } from '../db/dead-letters';
import { languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { temporalCall } from './order-workflows';
import { ProblemError } from './problem';
import { jsonBody, parse, parseBody } from './validation';

/** Many dead letters sent back by a workflow, which is asked and steered here; operators only. */
export function deadLetterReplayRoutes({ db, settings, temporal, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const path = '/api/ops/dead-letter-replays';
  const handleOf = (id: string) => temporal.workflow.getHandle(deadLetterReplayWorkflowId(id));

  router.post(path, user, operatorsOnly, jsonBody, async (request, response) => {
    const { decisionId, dryRun, ...wish } = parseBody(request, replayManySchema);
    // Letters that die while it runs are not meant: one that dies again would go round.
    const filter = { deadBefore: new Date().toISOString(), ...wish.filter };
    const matches = await countWaitingLetters(db, filter, settings.MAX_REPLAYS);
    const workflowId = deadLetterReplayWorkflowId(decisionId);
    const isNew = dryRun
      ? !(await wasStarted(temporal, workflowId, wish))
      : await start(temporal, wish, { ...wish, bulkId: decisionId, filter, actor: operatorOf(response) });
    const data = { decisionId, workflowId, matches, ratePerSecond: wish.ratePerSecond, dryRun };
    const answer = success(dryRun ? 200 : 202, data, 'deadLettersReplayed', languageOf(request));
    send(response, { ...answer, replayed: !isNew });
  });

  router.get(`${path}/:id`, user, operatorsOnly, async (request, response) => {
    const id = parse(request, decisionIdSchema, request.params.id);
    const progress = await asked(temporal, () => handleOf(id).query<ReplayProgress>(QUERIES.progress));
    const { after: _cursor, ...view } = progress;
    send(response, success(200, { decisionId: id, ...view }, 'deadLettersReplayed', languageOf(request)));
  });

  const steer: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    pause: (id) => handleOf(id).signal(SIGNALS.pause),
    resume: (id) => handleOf(id).signal(SIGNALS.resume),
    cancel: (id) => handleOf(id).cancel(),
  };
  for (const [how, act] of Object.entries(steer)) {
    router.post(`${path}/:id/${how}`, user, operatorsOnly, async (request, response) => {
      const id = parse(request, decisionIdSchema, request.params.id);
      await asked(temporal, () => act(id));
      send(response, success(202, { decisionId: id }, 'deadLettersReplayed', languageOf(request)));
    });
  }

  return router;
}

/** What an operator asks for, as asked: the replay keeps it, so that its decisionId is not taken for another wish. */
type Wish = Omit<z.infer<typeof replayManySchema>, 'decisionId' | 'dryRun'>;

/** False: the same decisionId has started the same replay before, running or over. */
async function start(temporal: Client, wish: Wish, input: DeadLetterReplayInput): Promise<boolean> {
  const workflowId = deadLetterReplayWorkflowId(input.bulkId);
  try {
    await temporalCall(temporal, () =>
      temporal.workflow.start(WORKFLOWS.deadLetterReplay, {
        workflowId,
        taskQueue: TASK_QUEUES.ops,
        args: [input],
        memo: { wish },
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: `dead letters, ${input.ratePerSecond} a second`,
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return !(await wasStarted(temporal, workflowId, wish));
  }
}

/** Whether the replay is there; throws DECISION_ID_REUSED where it is of another wish. */
async function wasStarted(temporal: Client, workflowId: string, wish: Wish): Promise<boolean> {
  try {
    const { memo } = await temporalCall(temporal, () => temporal.workflow.getHandle(workflowId).describe());
    if (isDeepStrictEqual(memo?.wish, wish)) return true;
    throw new ProblemError('DECISION_ID_REUSED', { usedFor: memo?.wish });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function asked<Result>(temporal: Client, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await temporalCall(temporal, ask);
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? new ProblemError('REPLAY_NOT_FOUND') : error;
  }
}
