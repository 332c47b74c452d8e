import { DeskRefusal } from '../desk/refusal';
import { ProblemError } from './problem';

/** What the desk refuses, as a problem. */
export async function asProblem<Result>(decide: () => Promise<Result>): Promise<Result> {
  try {
    return await decide();
  } catch (error) {
    throw error instanceof DeskRefusal ? new ProblemError(error.code, error.details) : error;
  }
}
