import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';

/** A refusal of the sandbox, sent as problem+json. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors?: readonly { path: string; message: string }[],
  ) {
    super(detail);
  }
}

/** Parses an input, or throws 400 INVALID_REQUEST naming each field that is wrong. */
export function parsed<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  throw new Problem(400, 'INVALID_REQUEST', detail, errors);
}

export const unknownRoute: RequestHandler = (req) => {
  throw new Problem(404, 'NOT_FOUND', `no ${req.method} ${req.path} here`);
};

export const problemJson: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent || res.destroyed) {
    next(error);
    return;
  }
  const problem = problemOf(error);
  res
    .status(problem.status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:ordersaga:sandbox:${problem.code.toLowerCase()}`,
        title: problem.code,
        status: problem.status,
        code: problem.code,
        detail: problem.message,
        errors: problem.errors,
      }),
    );
};

const bodyParserErrorSchema = z.object({ status: z.number().int().min(400).max(499), message: z.string() });

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const body = bodyParserErrorSchema.safeParse(error);
  if (body.success) return new Problem(body.data.status, 'INVALID_REQUEST', body.data.message);
  return new Problem(500, 'SANDBOX_FAILED', error instanceof Error ? error.message : String(error));
}
