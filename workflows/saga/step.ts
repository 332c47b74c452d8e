import type { StepState } from '../../domain/saga-state';
import { describeFailure, type Failure } from './failure';

/** What a saga can undo, under one business key. */
export interface Undoable {
  readonly name: string;
  readonly attempt: number;
  /** Makes sure the effect is not there, whether or not `do` ever ran, is running or failed. */
  undo(): Promise<void>;
  /** The same while its provider is unavailable: retried until it is undone, refused or interrupted. */
  retryUndo(): Promise<void>;
  /** Records that a person ended this undo, so that the ledger balances. */
  writeOff(resolution: Resolution): Promise<void>;
}

/** One step of a saga: a do with the undo that belongs to it. */
export interface Step<Result = unknown> extends Undoable {
  /** One effect, however often it runs. */
  do(): Promise<Result>;
}

/** What a person decided about something that waits for a decision. */
export interface Resolution {
  readonly decisionId: string;
  readonly step: string;
  readonly decision: 'RETRY' | 'SKIP' | 'DONE_EXTERNALLY';
  readonly reason: string;
  readonly actor: string;
  readonly reference?: string;
}

/** The present state of a step. */
export interface StepProgress {
  readonly step: Undoable;
  state: StepState;
  failure?: Failure;
  /** When a failed undo is retried: workflow time in ms of the first retry, and the gap to each later one. */
  retry?: { readonly at: number; readonly everyMs: number };
}

/** Something that waits for a person: an undo, or what cannot be done, which can only be retried. */
export interface Parked {
  readonly step: string;
  /** Absent where it is no step. */
  readonly attempt?: number;
  readonly code: string;
  readonly isUndo: boolean;
}

/** A do that failed; its saga is still to be compensated. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  constructor(
    readonly step: string,
    readonly failure: Failure,
  ) {
    super(`${step}: ${failure.message}`);
  }
}

/** Why a do failed, however it was thrown. */
export function failureOf(error: unknown): Failure {
  return error instanceof StepFailed ? error.failure : describeFailure(error);
}

export function setState(entry: StepProgress, state: StepState, failure?: Failure): void {
  entry.state = state;
  delete entry.retry;
  if (failure) entry.failure = failure;
}
