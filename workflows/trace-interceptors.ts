import type { WorkflowInterceptors } from '@temporalio/workflow';
import { TRACE_HEADER } from '../contracts/trace-header';

type Headers = Record<string, unknown>;

/**
 * Hands the trace context of what last moved the workflow (its start, a signal, an update) on to its activities. It
 * copies a payload and adds no command, so that histories don't depend on whether traces are exported.
 */
export const interceptors = (): WorkflowInterceptors => {
  let carried: Headers = {};
  const remember = (headers: Headers): void => {
    if (headers[TRACE_HEADER] !== undefined) carried = { [TRACE_HEADER]: headers[TRACE_HEADER] };
  };
  const withTrace = <Input extends { headers: Headers }>(input: Input): Input => ({
    ...input,
    headers: { ...input.headers, ...carried },
  });
  return {
    inbound: [
      {
        execute(input, next) {
          remember(input.headers);
          return next(input);
        },
        handleSignal(input, next) {
          remember(input.headers);
          return next(input);
        },
        handleUpdate(input, next) {
          remember(input.headers);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(withTrace(input)),
        scheduleLocalActivity: (input, next) => next(withTrace(input)),
      },
    ],
  };
};
