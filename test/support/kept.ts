import type { RunningSystem } from './running-system';

const KEY = Symbol.for('ordersaga.test-system');
const keeper = globalThis as { [KEY]?: RunningSystem };

/** What the tear-down has to end; jest runs set-up and tear-down in the same process. */
export function keepForTeardown(system: RunningSystem): void {
  keeper[KEY] = system;
}

export function keptForTeardown(): RunningSystem | undefined {
  return keeper[KEY];
}
