import type { Language } from '../contracts/language';
import { PROBLEMS, type ProblemCode, problemPath } from '../contracts/problems';

/** Members beside the standard ones, such as `skus` or `errors`. */
export type ProblemExtensions = Readonly<Record<string, unknown>>;

/** A request that ends with a problem; thrown in a transaction it also undoes it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly code: ProblemCode,
    readonly extensions: ProblemExtensions = {},
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

export interface ProblemBody extends ProblemExtensions {
  /** The path of its page, made from the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
}

export function problemStatus(code: ProblemCode): number {
  return PROBLEMS[code].status;
}

/** The RFC 9457 body of a problem. */
export function problemBody(code: ProblemCode, language: Language, extensions: ProblemExtensions = {}): ProblemBody {
  const [title, detail] = PROBLEMS[code][language];
  return {
    type: problemPath(code),
    title,
    status: PROBLEMS[code].status,
    code,
    detail: filled(detail, extensions),
    ...extensions,
  };
}

/** A text with the members that it names in braces. */
function filled(text: string, extensions: ProblemExtensions): string {
  return text.replaceAll(/\{(\w+)\}/g, (named, name: string) => String(extensions[name] ?? named));
}
