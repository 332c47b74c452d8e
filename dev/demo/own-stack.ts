import { fork } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { engines } from '../stack/bring-up';
import { runningProcess, stopProcess } from '../stack/engine-run';
import { type EngineName, engineNames } from '../stack/settings';
import { type StackAddresses, stackDown } from '../stack/stack';
import { readKeeper } from '../stack/stack-folder';
import type { Leaving } from './leaving';

/** What a TypeScript child needs to run from its source. */
export const LOADER = ['--import', pathToFileURL(require.resolve('tsx')).href];

/**
 * Begins to bring the stack up and, on leaving, ends what of it was not up before. It is brought up by a child in a
 * process group of its own, because a download or a compilation under way can be ended in no other way.
 */
export async function raiseStack(
  name: string,
  leaving: Leaving,
  say: (line: string) => void,
): Promise<{ readonly addresses: Promise<StackAddresses> }> {
  const before = await enginesOfOurs(name);
  leaving.refuseIfBegun();
  const main = join(__dirname, '..', 'stack', 'main.ts');
  const child = fork(main, ['up', '--json'], {
    execArgv: LOADER,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  leaving.afterwards(async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, 'SIGTERM');
    await exited;
    await takeDown(name, before, say);
  });
  if (child.stderr) createInterface(child.stderr).on('line', say);
  const printed = child.stdout ? text(child.stdout) : Promise.resolve('');
  const addresses = exited.then(async (code) => {
    if (code !== 0) throw new Error('the stack could not be brought up: it says why above');
    return JSON.parse(await printed) as StackAddresses;
  });
  return { addresses };
}

async function takeDown(name: string, before: readonly EngineName[], say: (line: string) => void): Promise<void> {
  if (before.length === 0) {
    const ended = await stackDown(name);
    if (ended.length > 0) say(`ended: ${ended.join(', ')}; the data stay`);
    return;
  }
  const added = (await enginesOfOurs(name)).filter((engine) => !before.includes(engine));
  await Promise.all(added.map((engine) => stopProcess(engines[engine], name)));
  say(`left up, as it was before: ${before.join(', ')}${added.length > 0 ? `; ended: ${added.join(', ')}` : ''}`);
}

async function enginesOfOurs(name: string): Promise<EngineName[]> {
  const ours = await Promise.all(
    engineNames.map(
      async (engine) =>
        (await readKeeper(name, engine)) === 'docker' || (await runningProcess(engines[engine], name)) !== undefined,
    ),
  );
  return engineNames.filter((_, index) => ours[index]);
}
