import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { replayManySchema } from '../contracts/dead-letter-desk';
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
import { authenticated, identityOf, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { temporalCall } from './order-workflows';
import { ProblemError } from './problem';
import { jsonBody, parse, parseBody } from './validation';

const idSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/);

/** Many dead letters sent back by a workflow, which is asked and steered here; operators only. */
export function deadLetterReplayRoutes({ db, settings, temporal, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const path = '/api/ops/dead-letter-replays';
  const handleOf = (id: string) => temporal.workflow.getHandle(deadLetterReplayWorkflowId(id));

  router.post(path, user, operatorsOnly, jsonBody, async (request, response) => {
    const { decisionId, reason, filter, ratePerSecond, dryRun } = parseBody(request, replayManySchema);
    // Letters that die while it runs are not meant: one that dies again would go round.
    const meant = { deadBefore: new Date().toISOString(), ...filter };
    const matches = await countWaitingLetters(db, meant, settings.MAX_REPLAYS);
    const workflowId = deadLetterReplayWorkflowId(decisionId);
    if (!dryRun)
      await start(temporal, { bulkId: decisionId, filter: meant, ratePerSecond, actor: actorOf(response), reason });
    const data = { decisionId, workflowId, matches, ratePerSecond, dryRun };
    send(response, success(dryRun ? 200 : 202, data, 'deadLettersReplayed', languageOf(request)));
  });

  router.get(`${path}/:id`, user, operatorsOnly, async (request, response) => {
    const id = parse(request, idSchema, request.params.id);
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
      const id = parse(request, idSchema, request.params.id);
      await asked(temporal, () => act(id));
      send(response, success(202, { decisionId: id }, 'deadLettersReplayed', languageOf(request)));
    });
  }

  return router;
}

/** The same decisionId again is the same replay, running or over. */
async function start(temporal: Client, input: DeadLetterReplayInput): Promise<void> {
  const starting = temporalCall(temporal, () =>
    temporal.workflow.start(WORKFLOWS.deadLetterReplay, {
      workflowId: deadLetterReplayWorkflowId(input.bulkId),
      taskQueue: TASK_QUEUES.ops,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `dead letters, ${input.ratePerSecond} a second`,
    }),
  );
  await starting.catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
}

async function asked<Result>(temporal: Client, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await temporalCall(temporal, ask);
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? new ProblemError('REPLAY_NOT_FOUND') : error;
  }
}

const actorOf = (response: Response) => `operator:${identityOf(response).userId}`;
