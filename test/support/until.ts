const POLL_MS = 40;

/** Asks until the answer satisfies, and returns it; throws with the last answer after `withinMs`. */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isEnough: (answer: Answer) => boolean,
  withinMs = 60_000,
): Promise<Answer> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
