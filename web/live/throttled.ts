/** Calls at once, and then at most every `everyMs`; what is asked for meanwhile is done once, at the end. */
export function throttled(everyMs: number, work: () => void): () => void {
  let isResting = false;
  let isAskedFor = false;
  const run = () => {
    if (isResting) {
      isAskedFor = true;
      return;
    }
    isResting = true;
    work();
    setTimeout(() => {
      isResting = false;
      if (!isAskedFor) return;
      isAskedFor = false;
      run();
    }, everyMs);
  };
  return run;
}
