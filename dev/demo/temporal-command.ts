import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { environmentWith } from '../stack/settings';

/** Runs the stack's Temporal CLI as an operator would, `npm run -s temporal -- …`, and shows that line beforehand. */
export async function runTemporal(
  stack: string,
  args: readonly string[],
  show: (commandLine: string) => void,
): Promise<void> {
  const all = ['run', '-s', 'temporal', '--', ...args];
  show(`${inStack(stack)}npm ${all.map(quoted).join(' ')}`);
  await promisify(execFile)('npm', all, {
    cwd: dirname(dirname(__dirname)),
    env: environmentWith({ STACK: stack }),
    shell: process.platform === 'win32',
  });
}

/** The beginning of a command line that is about this stack. */
export const inStack = (stack: string): string => (stack === 'default' ? '' : `STACK=${stack} `);

function quoted(argument: string): string {
  return /^[\w:./=-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
