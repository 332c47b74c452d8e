import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { enginesOf, type StackAddresses, stackDown } from '../stack/stack';
import type { Cleanup } from './cleanup';
import { detail } from './narrator';

/**
 * Brings the stack up; the clean-up ends what was not up before. A child in a process group of its own does it, because
 * a download or a compilation under way can be ended in no other way.
 */
export async function bringStackUp(name: string, cleanup: Cleanup): Promise<StackAddresses> {
  const before = await enginesOf(name);
  const child = cleanup.start(startCommand, async (command) => {
    if (command.exitCode === null && command.signalCode === null && command.pid) {
      const exited = once(command, 'exit');
      process.kill(-command.pid, 'SIGTERM');
      await exited;
    }
    const ended = await stackDown(name, before);
    if (before.length > 0) detail(`left up, as it was before: ${before.join(', ')}`);
    if (ended.length > 0) detail(`ended: ${ended.join(', ')}; the data stay`);
  });
  createInterface(child.stderr).on('line', detail);
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error('the stack could not be brought up: it says why above');
  return JSON.parse(printed) as StackAddresses;
}

function startCommand() {
  return spawn(process.execPath, ['dev/run.mjs', 'dev/stack/main.ts', 'up', '--json'], {
    cwd: dirname(dirname(__dirname)),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
