import { ApplicationFailure } from '@temporalio/activity';
import { WrongEventError } from '../contracts/event-record';
import { refusalState } from '../db/refusal';
import { type FailureDetail, type FailureKind, isFinal } from '../domain/failure';
import { CredentialsRefused, OutcomeUnknown, ProviderUnavailable, RequestRejected } from '../providers/errors';

/** The failure of an activity: its code is the type, its kind says what follows. Never carries what a provider or a customer wrote. */
export function failure(kind: FailureKind, code: string, message = code): ApplicationFailure {
  const detail: FailureDetail = { kind };
  return ApplicationFailure.create({ type: code, message, nonRetryable: isFinal(kind), details: [detail] });
}

/** What follows from a failure; undefined: it is none of ours. */
export function kindOf(failed: unknown): FailureKind | undefined {
  const detail = failed instanceof ApplicationFailure ? (failed.details?.[0] as FailureDetail | undefined) : undefined;
  return detail?.kind;
}

/** Whatever an activity throws, as the failure that its workflow reads; the error itself stays here, for it may carry data. */
export function asFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ProviderUnavailable || error instanceof OutcomeUnknown)
    return failure('UNAVAILABLE', error.code, error.message);
  if (error instanceof CredentialsRefused) return failure('CREDENTIALS', error.code, error.message);
  if (error instanceof WrongEventError) return failure('PERMANENT', 'WRONG_EVENT', error.message);
  if (error instanceof RequestRejected) return failure('PERMANENT', error.code, error.message);
  if (isTimeout(error)) return failure('UNAVAILABLE', 'OUTCOME_UNKNOWN', 'the time for this call was over');
  const rule = brokenRule(error);
  if (rule) return failure(rule.kind, rule.code, rule.code);
  const state = refusalState(error);
  if (state !== undefined) return failure('PERMANENT', `SQLSTATE_${state}`, ruleOf(error));
  const code = codeOf(error);
  return failure('UNEXPECTED', code ?? 'UNEXPECTED', [nameOf(error), code].filter(Boolean).join(' '));
}

/** SQLSTATEs of our own functions: a move that is not in the table, a step or an attempt that has ended, what is not there. */
const KIND_OF_RULE: Readonly<Record<string, FailureKind>> = { OS001: 'PERMANENT', OS002: 'CLOSED', OS003: 'PERMANENT' };

/** The rule of our own by which a function of the database refuses. */
function brokenRule(error: unknown): { readonly kind: FailureKind; readonly code: string } | undefined {
  const { code = '', constraint } = (error ?? {}) as { readonly code?: string; readonly constraint?: string };
  const kind = KIND_OF_RULE[code];
  return kind && { kind, code: code === 'OS001' ? 'ILLEGAL_MOVE' : (constraint ?? code) };
}

/** The deadline of the call, by name: it may come from another realm. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

/** Which rule of the database refuses, without the data that it refuses. */
function ruleOf(error: unknown): string {
  const { table, constraint, column } = error as Readonly<Record<'table' | 'constraint' | 'column', unknown>>;
  const parts = Object.entries({ table, column, constraint }).filter(([, value]) => typeof value === 'string');
  return ['the database refuses this for good', ...parts.map(([name, value]) => `${name} ${String(value)}`)].join(', ');
}

/** SQLSTATE or the code of a system error: ECONNREFUSED. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : undefined;
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : typeof error);
