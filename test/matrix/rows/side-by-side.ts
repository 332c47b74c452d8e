import type { Stage } from '../stage';

/** Injects many faults that touch an order each, so many at a time; one that goes wrong is a problem, and the others go on. */
export async function sideBySide<Case extends object>(
  { problems }: Stage,
  cases: readonly Case[],
  lanes: number,
  inject: (one: Case) => Promise<void>,
): Promise<void> {
  const queue = [...cases];
  const work = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift())
      try {
        await inject(one);
      } catch (error) {
        problems.push(`${JSON.stringify(one)}: ${(error as Error).message}`);
      }
  };
  await Promise.all(Array.from({ length: lanes }, work));
}
