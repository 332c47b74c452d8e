import type { RoleProcess } from './system';

interface Kept {
  readonly stackName: string;
  readonly roles: readonly RoleProcess[];
}

const KEY = Symbol.for('ordersaga.test-system');
const keeper = globalThis as { [KEY]?: Kept };

/** What the tear-down has to end; jest runs set-up and tear-down in the same process. */
export function keepForTeardown(kept: Kept): void {
  keeper[KEY] = kept;
}

export function keptForTeardown(): Kept | undefined {
  return keeper[KEY];
}
