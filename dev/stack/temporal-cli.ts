import { spawn } from 'node:child_process';
import { endOnUncaught, inWords } from '../../observability/last-words';
import { environmentWith, StackError, stackSettings } from './settings';
import { readAddresses } from './stack-folder';
import { temporalOnPathOrCached } from './temporal';

/** Runs the stack's Temporal CLI on the stack's server; returns its exit code. */
async function main(given: readonly string[]): Promise<number> {
  const binary = temporalOnPathOrCached();
  if (!binary) throw new StackError('There is no Temporal CLI here yet: `npm run stack -- up` gets one.');
  const { addresses, name } = stackSettings();
  const address = addresses.temporal ?? (await readAddresses(name))?.temporal;
  // By environment, because a command that talks to no server refuses the flag; the user's own --address wins.
  const child = spawn(binary, given, {
    stdio: 'inherit',
    env: environmentWith(address ? { TEMPORAL_ADDRESS: address } : {}),
  });
  // A terminal's Ctrl-C reaches the CLI by itself; this process only waits for its end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

endOnUncaught();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof StackError ? error.message : inWords(error, true)}\n`);
    process.exitCode = 1;
  },
);
