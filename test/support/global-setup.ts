import { shareSystem } from './environment';
import { TestSystem } from './test-system';

/** Jest runs set-up and tear-down in the same process. */
export const kept = globalThis as { ordersagaTestSystem?: TestSystem };

/** Starts the system that the tests share. */
export default async function setUp(): Promise<void> {
  const system = new TestSystem(`test-${process.pid}`, undefined, (line) => process.stderr.write(`${line}\n`));
  try {
    await system.start();
  } catch (error) {
    await system.close();
    throw error;
  }
  kept.ordersagaTestSystem = system;
  shareSystem(system.addresses);
}
