import { ApplicationFailure, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import {
  asResolution,
  holdsCard,
  NO_CARD,
  type ResolveCompensation,
  SHAPES,
  SIGNALS,
} from '../contracts/workflow/messages';
import { UPDATES } from '../contracts/workflow-api';
import type { Parking } from './saga/parking';

const resolveCompensation = defineSignal<[ResolveCompensation]>(SIGNALS.resolveCompensation);
const resolve = defineUpdate<void, [ResolveCompensation]>(UPDATES.resolve);

/** Takes people's decisions about what a saga has parked, by signal or by update. */
export function receiveDecisions(parking: Parking, recordRefusal: (what: string, why: string) => Promise<void>): void {
  /** Takes the decision, or returns why not. */
  const take = (message: unknown, isTrial = false): string | undefined => {
    const decision = asResolution(message);
    if (holdsCard(message)) return NO_CARD;
    if (!decision) return SHAPES.resolution;
    const why = parking.whyNotDecidable(decision);
    // Only a validator, which no replay runs again, may ask whether another comes first.
    if (isTrial) return why ?? parking.whyNotNow(decision);
    if (!why) parking.decide(decision);
    return why;
  };
  const refuse = (why: string | undefined): void => {
    if (why) throw ApplicationFailure.nonRetryable(why, 'NOT_RESOLVABLE');
  };
  setHandler(resolveCompensation, async (message) => {
    const why = take(message);
    if (why) await recordRefusal(SIGNALS.resolveCompensation, why);
  });
  setHandler(resolve, (message) => refuse(take(message)), { validator: (message) => refuse(take(message, true)) });
}
