import { endOnUncaught, inWords } from '../observability/last-words';

/** Runs a command's main; an error becomes one clear message on stderr and exit code 1, with no data in it. */
export function runMain(main: () => Promise<void>): void {
  endOnUncaught();
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${inWords(error)}\n`);
      process.exit(1);
    },
  );
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

/** Ends the process after `ms` if it still runs then. */
export function endAfter(ms: number, beforehand: () => void): void {
  setTimeout(() => {
    beforehand();
    process.exit(1);
  }, ms).unref();
}
