/** Runs a command's main; an error becomes one clear message on stderr and exit code 1. */
export function runMain(main: () => Promise<void>): void {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`);
      process.exit(1);
    },
  );
}

/** An error in words; programming errors keep their stack. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isOurs ? (error.stack ?? error.message) : error.message || error.name;
}

/** Resolves at SIGTERM or SIGINT, or when the parent that forked this process is gone; a second signal ends it at once. */
export function stopSignal(): Promise<NodeJS.Signals | 'disconnect'> {
  return new Promise((resolve) => {
    if (process.connected) process.once('disconnect', () => resolve('disconnect'));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve(signal);
      });
    }
  });
}

/** Ends the process after `ms` if it still runs then, whatever keeps it. */
export function endAfter(ms: number, beforehand: () => void): void {
  setTimeout(() => {
    beforehand();
    process.exit(1);
  }, ms).unref();
}
