import type { NextFunction, Request, Response } from 'express';
import type { Language } from '../contracts/language';
import type { ProblemCode } from '../contracts/problems';
import type { Logger } from '../observability/logger';
import { OperationRefused } from '../operations/decision';
import { TemporalUnavailableError } from '../temporal/call';
import { html } from './html';
import { languageOf } from './language';
import { sendMessagePage } from './plain-page';
import { type ProblemBody, ProblemError, type ProblemExtensions, problemBody, problemStatus } from './problem';
import { fieldErrors } from './validation';

const RETRY_AFTER_SECONDS = '5';

/** Responds to what a handler threw with a problem; faults of ours are logged. */
export function problemResponses(logger: Logger) {
  return (error: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const code = codeOf(error);
    const requestId = response.locals.requestId as string;
    const status = problemStatus(code);
    if (status >= 500) logger[status === 500 ? 'error' : 'warn']({ err: error, requestId }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    const language = languageOf(request);
    const extensions = { ...extensionsOf(error, language), instance: request.path, requestId };
    response.status(status).vary('Accept-Language').vary('Accept');
    const body = problemBody(code, language, extensions);
    // Somebody has opened an address in a browser.
    if (request.accepts(['application/problem+json', 'text/html']) === 'text/html')
      sendProblemPage(response, body, language);
    else response.type('application/problem+json').json(body);
  };
}

function sendProblemPage(response: Response, body: ProblemBody, language: Language): void {
  const { title, detail, type, code, requestId, tryAgain } = body;
  const again = language === 'en' ? 'Try again' : '다시 시도';
  sendMessagePage(response, {
    language,
    title,
    content: html`<h1>${title}</h1><p>${detail}</p>
${typeof tryAgain === 'string' ? html`<p><a href="${tryAgain}">${again}</a></p>` : ''}
<p class="muted"><a href="${type}?lang=${language}">${code}</a> · ${String(requestId)}</p>`,
  });
}

function extensionsOf(error: unknown, language: Language): ProblemExtensions {
  if (error instanceof ProblemError) return error.extensions;
  if (error instanceof OperationRefused) {
    const { issues, ...details } = error.details;
    return Array.isArray(issues) ? { ...details, errors: fieldErrors(issues, language) } : details;
  }
  const { status, limit } = error as { status?: unknown; limit?: unknown };
  return status === 413 ? { limitBytes: limit } : {};
}

/** Which problem an error is. */
function codeOf(error: unknown): ProblemCode {
  if (error instanceof ProblemError || error instanceof OperationRefused) return error.code;
  if (error instanceof TemporalUnavailableError) return 'TEMPORAL_UNAVAILABLE';
  const { type, status, code, name, cause } = error as {
    type?: unknown;
    status?: unknown;
    code?: unknown;
    name?: unknown;
    cause?: unknown;
  };
  if (type === 'entity.parse.failed') return 'MALFORMED_JSON';
  if (status === 413) return 'BODY_TOO_LARGE';
  if (status === 415) return 'UNSUPPORTED_MEDIA_TYPE';
  if (error instanceof URIError) return 'NOT_FOUND';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'VALIDATION_FAILED';
  if (
    name === 'KnexTimeoutError' ||
    isUnavailable(code) ||
    isUnavailable((cause as { code?: unknown } | undefined)?.code)
  )
    return 'SERVICE_UNAVAILABLE';
  return 'INTERNAL_ERROR';
}

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'ERR_JWKS_TIMEOUT',
]);
/** SQLSTATE: connection exceptions, too many connections, shutting down or starting up. */
const DATABASE_UNAVAILABLE = /^(08...|53300|57P0[123])$/;

function isUnavailable(code: unknown): boolean {
  return typeof code === 'string' && (NETWORK.has(code) || DATABASE_UNAVAILABLE.test(code));
}
