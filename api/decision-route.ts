import type { z } from 'zod';
import type { Text } from '../contracts/language';
import type { ProblemCode } from '../contracts/problems';
import type { Immutable } from '../contracts/responses/common';
import type { Decision } from '../operations/decision';
import { operatorOf } from './access/identity';
import type { ApiContext } from './context';
import { type Endpoint, type Route, route } from './route';

const DECIDED_BEFORE: Text = {
  ko: '이 decisionId로 이미 처리되었습니다. 바뀌는 것은 없습니다.',
  en: 'This was decided before, under the same decisionId: nothing would change.',
};

/** What the body of every decision holds, see contracts/decision.ts. */
interface DecisionFields {
  readonly decisionId: string;
  readonly reason: string;
  readonly dryRun: boolean;
}

/** A route by which an operator decides: 202 when it is decided or was decided before, 200 for a dry run. */
export function decisionRoute<
  const At extends Endpoint,
  Data extends z.ZodType,
  Body extends z.ZodType<DecisionFields>,
  Params extends z.ZodType = z.ZodNever,
>(
  at: At,
  {
    data,
    message,
    dryRunMessage,
    problems = [],
    decide,
    ...definition
  }: {
    readonly id: string;
    readonly summary: string;
    readonly params?: Params;
    readonly unknownParams?: ProblemCode;
    readonly body: Body;
    readonly bodyLimit?: string;
    readonly data: Data;
    readonly message: Text;
    readonly dryRunMessage: Text;
    readonly problems?: readonly ProblemCode[];
    decide(
      request: {
        readonly params: z.output<Params>;
        readonly body: Omit<z.output<Body>, keyof DecisionFields>;
        readonly decision: Decision;
      },
      context: ApiContext,
    ): Promise<{ readonly isNew: boolean; readonly data: Immutable<z.output<Data>> }>;
  },
): Route<At, Params, z.ZodNever, Body, Data> {
  return route(at, {
    ...definition,
    access: 'operator',
    problems: ['DECISION_ID_REUSED', ...problems],
    response: { status: 202, data, message, dryRunMessage },
    async handle({ params, body: { decisionId, reason, dryRun, ...body }, who }, context) {
      const decision: Decision = { decisionId, reason, actor: operatorOf(who), isDryRun: dryRun };
      const decided = await decide({ params, body, decision }, context);
      const isReplayed = !decided.isNew;
      if (!dryRun) return { data: decided.data, isReplayed };
      return { data: decided.data, status: 200, message: isReplayed ? DECIDED_BEFORE : dryRunMessage, isReplayed };
    },
  });
}
