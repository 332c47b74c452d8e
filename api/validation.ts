import { z } from 'zod';
import { type Language, rule, ruleIn } from '../contracts/language';
import { ProblemError } from './problem';

const KEY_RULE = rule('must be 1 to 255 visible ASCII characters', '보이는 ASCII 문자 1자에서 255자여야 합니다');

/** The optional Idempotency-Key; what can't be one is VALIDATION_FAILED. */
export function idempotencyKey(header: string | string[] | undefined, language: Language): string | undefined {
  if (header === undefined || (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header))) return header;
  throw invalid([{ code: 'custom', path: ['Idempotency-Key'], message: KEY_RULE }], language);
}

/** A part of the request as its schema wants it; VALIDATION_FAILED lists each wrong field in the response's language. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, language: Language): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(result.error.issues, language);
}

type Issue = z.core.$ZodIssue | { readonly code: 'custom'; readonly path: PropertyKey[]; readonly message: string };

export function invalid(issues: readonly Issue[], language: Language): ProblemError {
  return new ProblemError('VALIDATION_FAILED', { errors: fieldErrors(issues, language) });
}

const LOCALES = { ko: z.locales.ko().localeError, en: z.locales.en().localeError };

/** What is wrong with which field; needs issues that report their input. */
export function fieldErrors(issues: readonly Issue[], language: Language): { path: string; message: string }[] {
  return issues.map((issue) => ({ path: issue.path.join('.'), message: messageOf(issue, language) }));
}

function messageOf(issue: Issue, language: Language): string {
  const ours = ruleIn(language, issue.message);
  if (ours !== undefined) return ours;
  const message = LOCALES[language](issue as Parameters<z.core.$ZodErrorMap>[0]);
  return (typeof message === 'string' ? message : message?.message) ?? issue.message;
}
