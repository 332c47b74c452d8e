import type { BegunStep, StepOutcome } from '../db/attempts';
import type { Db } from '../db/connection';
import type { KeptEvent } from '../db/requests';
import type { StepId, StepRecord } from '../db/saga-steps';
import type { UndoCall } from './attempt-fence';
import { failure } from './failure';
import { undoProviderStep, workOf } from './provider-step';
import { callSignal, type ProviderTimeouts, type StepCall } from './step-call';

/** What a provider does under a step's key: one effect a key, and none any more once the key is cancelled. */
export interface KeyedEffect<Result> {
  make(
    id: { readonly key: string; readonly orderId: number },
    request: KeptEvent['requestDto'],
    signal: AbortSignal,
  ): Promise<Result>;
  /** Undefined: the provider has nothing under the key. */
  lookUp(key: string, signal: AbortSignal): Promise<Result | undefined>;
  cancel(key: string, signal: AbortSignal): Promise<void>;
  /** What the step's record keeps of the result. */
  refOf(result: Result): string;
  /** The code by which the provider has refused the cancel for good, so that it is not asked again. */
  refusedBefore?(record: StepRecord): string | undefined;
}

/** What a do asks of a provider that works by the step's key, and the undo. */
export function keyedStep<Result>(
  { db, timeouts }: { readonly db: Db; readonly timeouts: ProviderTimeouts },
  step: StepId['step'],
  effect: KeyedEffect<Result>,
) {
  const idOf = ({ orderId, attempt }: StepCall): StepId => ({ orderId, step, attempt });
  return {
    work: (begun: BegunStep): Promise<StepOutcome> => {
      const signal = callSignal(timeouts);
      return workOf<Result>(
        {
          async make({ key, orderId, request }) {
            if (!request) throw failure('PERMANENT', 'REQUEST_NOT_FOUND', 'the request is not in the database');
            return effect.make({ key, orderId }, request, signal);
          },
          lookUp: ({ key }) => effect.lookUp(key, signal),
          outcomeOf: (result) => ({ providerRef: effect.refOf(result) }),
        },
        begun,
      );
    },

    async undo(call: UndoCall): Promise<void> {
      await undoProviderStep(db, idOf(call), call, {
        // Also one that was refused: another run of the same do may have been accepted.
        mayHaveHappened: () => true,
        refusedBefore: effect.refusedBefore,
        takeBack: ({ key }) => effect.cancel(key, callSignal(timeouts)),
      });
    },
  };
}
