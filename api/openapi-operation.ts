import type { z } from 'zod';
import type { ProblemCode } from './problem';

/** One operation of the API, for its documentation. */
export interface Operation {
  readonly summary: string;
  /** What may be asked of a list. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: { readonly status: number; readonly data: z.ZodType };
  readonly problems: readonly ProblemCode[];
  /** Who may ask; absent: any user with a token. */
  readonly security?: 'signature';
}

/** What can be wrong with any body. */
export const BODY: readonly ProblemCode[] = [
  'VALIDATION_FAILED',
  'MALFORMED_JSON',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
/** What can be wrong with an Idempotency-Key. */
export const KEY: readonly ProblemCode[] = ['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'];
