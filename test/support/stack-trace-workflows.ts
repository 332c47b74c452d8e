import { condition, sleep } from '@temporalio/workflow';

/** Waits for ever, at a place that a stack trace can show. */
export async function waitForEver(): Promise<void> {
  await condition(() => false);
}

/** How many stacks were taken while it made promises. */
export async function countStacks(): Promise<number> {
  const Real = globalThis.Error;
  let taken = 0;
  globalThis.Error = class extends Real {
    constructor(message?: string) {
      super(message);
      taken += 1;
    }
  } as ErrorConstructor;
  try {
    for (let promises = 0; promises < 5; promises += 1) await Promise.resolve();
    return taken;
  } finally {
    globalThis.Error = Real;
  }
}

/** A rejection that nothing handles. */
export async function rejectUnhandled(): Promise<void> {
  void Promise.reject(new Error('nobody handles this'));
  await sleep(1_000_000);
}
