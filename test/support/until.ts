const POLL_MS = 40;

/** Asks until the result satisfies, and returns it; throws with the last result after `withinMs`. */
export async function until<Result>(
  what: string,
  ask: () => Promise<Result>,
  isEnough: (result: Result) => boolean,
  withinMs = 60_000,
): Promise<Result> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const result = await ask();
    if (isEnough(result)) return result;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}; last: ${JSON.stringify(result)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
