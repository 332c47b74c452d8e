import type { Language } from '../contracts/language';
import { ProblemError, problemBody, problemStatus } from './problem';
import type { JsonResponse, Outcome } from './route';

/** A response apart from the connection that it goes to: it can be saved and given again. */
export class Rendered {
  constructor(
    readonly statusCode: number,
    readonly body: unknown,
    /** It is the response of an earlier request. */
    readonly isReplayed = false,
  ) {}
}

export function render(response: JsonResponse, outcome: Outcome<unknown>, language: Language): Rendered {
  if (outcome instanceof ProblemError)
    return new Rendered(problemStatus(outcome.code), problemBody(outcome.code, language, outcome.extensions));
  const { data, status = response.status, message = response.message, isReplayed } = outcome;
  return new Rendered(status, { success: true, data, message: message[language] }, isReplayed);
}
