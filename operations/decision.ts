import type { ProblemCode } from '../contracts/problems';

/** What every decision of an operator has: who decides, and why. */
export interface Decision {
  /** The same id twice is one decision. */
  readonly decisionId: string;
  readonly actor: string;
  readonly reason: string;
  /** It is only checked; nothing is changed. */
  readonly isDryRun?: boolean;
}

/** A decision that can't be taken; nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  constructor(
    readonly code: ProblemCode,
    /** What the operator needs to know beside it. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}

/** What a decisionId decided before: the same, or something else, with what is known of it; undefined: nothing. */
export type Earlier = 'same' | Readonly<Record<string, unknown>> | undefined;

interface Steps {
  earlier(): Promise<Earlier>;
  /** Throws OperationRefused where it can't be taken. */
  check(): Promise<void>;
  /** Records and carries it out; false: the same decision was taken since `earlier` looked. */
  act(): Promise<boolean>;
  /** Carries out once more what was decided before: a process may have died in between. */
  repeat?(): Promise<void>;
}

/** The one way to take a decision. False: it was taken before. Throws OperationRefused. */
export async function takeDecision({ isDryRun = false }: Decision, steps: Steps): Promise<boolean> {
  const earlier = await steps.earlier();
  if (earlier === 'same') {
    if (!isDryRun) await steps.repeat?.();
    return false;
  }
  if (earlier) throw new OperationRefused('DECISION_ID_REUSED', earlier);
  await steps.check();
  return isDryRun || steps.act();
}
