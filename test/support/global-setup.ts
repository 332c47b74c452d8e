import { shareSystem } from './environment';
import { keepForTeardown } from './kept';
import { RunningSystem } from './running-system';

/** Starts the system that the tests share. */
export default async function setUp(): Promise<void> {
  const system = await RunningSystem.start(`test-${process.pid}`, (line) => process.stderr.write(`${line}\n`));
  keepForTeardown(system);
  shareSystem(system.addresses);
}
