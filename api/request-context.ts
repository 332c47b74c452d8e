import { randomUUID } from 'node:crypto';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { NextFunction, Request, Response } from 'express';
import { holdsCardNumber } from '../domain/external-text';
import type { ApiOptions } from './context';

const tracer = trace.getTracer('ordersaga-api');

/**
 * What goes round every request: its id, the trace that it begins or continues (active while it is handled), its line
 * in the log and its place in the metrics. Queries and headers are not logged, as they may carry tokens.
 */
export function requestContext({ logger, metrics }: Pick<ApiOptions, 'logger' | 'metrics'>) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = performance.now();
    const { method } = request;
    const path = holdsCardNumber(request.path) ? '[withheld]' : request.path;
    const requestId = requestIdOf(request);
    response.locals.requestId = requestId;
    response.setHeader('x-request-id', requestId);
    const incoming = propagation.extract(context.active(), request.headers);
    const span = tracer.startSpan(
      method,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'url.path': path } },
      incoming,
    );
    response.once('close', () => {
      const ms = performance.now() - startedAt;
      const route = routeOf(request);
      const status = response.writableFinished || response.locals.isStream ? response.statusCode : 499;
      endSpan(span, `${method} ${route}`, status);
      if (!response.locals.isStream) metrics.httpDuration.observe({ method, route, status }, ms / 1000);
      const level = PROBES.has(path) ? 'debug' : 'info';
      logger[level]({ requestId, method, path, status, ms: Math.round(ms * 10) / 10 }, 'request');
    });
    context.with(trace.setSpan(incoming, span), next);
  };
}

const PROBES = new Set(['/livez', '/readyz', '/metrics']);

function requestIdOf(request: Request): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) && !holdsCardNumber(given) ? given : randomUUID();
}

/** The template, never the path: metrics must not grow with the number of orders. */
function routeOf(request: Request): string {
  const route = request.route as { path?: unknown } | undefined;
  return typeof route?.path === 'string' ? route.path : 'unmatched';
}

function endSpan(span: Span, name: string, status: number): void {
  span.updateName(name);
  span.setAttribute('http.response.status_code', status);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
