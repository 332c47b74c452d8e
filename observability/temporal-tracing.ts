import { context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { TRACE_HEADER } from '../contracts/trace-header';
import { safeMessage } from './safe-error';

const tracer = trace.getTracer('ordersaga');

/** Gives every start, signal, update and query the caller's trace context. */
export function tracingClientInterceptor(): WorkflowClientInterceptor {
  return {
    start: (input, next) => next(withTrace(input)),
    startWithDetails: (input, next) => next(withTrace(input)),
    signal: (input, next) => next(withTrace(input)),
    signalWithStart: (input, next) => next(withTrace(input)),
    startUpdate: (input, next) => next(withTrace(input)),
    startUpdateWithStart: (input, next) =>
      next({
        ...input,
        updateHeaders: traceHeaders(input.updateHeaders),
        workflowStartHeaders: traceHeaders(input.workflowStartHeaders),
      }),
    query: (input, next) => next(withTrace(input)),
  };
}

function withTrace<Input extends { readonly headers: Headers }>(input: Input): Input {
  return { ...input, headers: traceHeaders(input.headers) };
}

function traceHeaders(headers: Headers): Headers {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent === undefined
    ? headers
    : { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(carrier) };
}

/** Runs an activity in the trace that came through the workflow, as a span of its own. */
export class TracingActivityInterceptor implements ActivityInboundCallsInterceptor {
  constructor(private readonly activity: Context) {}

  execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const payload = input.headers[TRACE_HEADER];
    const carrier = payload ? defaultPayloadConverter.fromPayload<Record<string, string>>(payload) : {};
    const parent = propagation.extract(context.active(), carrier);
    const { info } = this.activity;
    const attributes = {
      'temporal.activity': info.activityType,
      'temporal.attempt': info.attempt,
      'temporal.is_local': info.isLocal,
      ...(info.workflowExecution ? { 'temporal.workflow_id': info.workflowExecution.workflowId } : {}),
    };
    return tracer.startActiveSpan(info.activityType, { attributes }, parent, (span) => settle(span, next(input)));
  }
}

async function settle(span: Span, work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: safeMessage(error) });
    throw error;
  } finally {
    span.end();
  }
}
