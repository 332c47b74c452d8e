import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { environmentWith } from '../stack/settings';

/** The stack's Temporal CLI, run as an operator would: `npm run -s temporal -- …`. */
export class OperatorCommand {
  /** `stack` is named in the command line only where it is not the one that is meant by default. */
  constructor(private readonly stack: string) {}

  /** Runs the command to its end; tells the line that does the same in a shell, and throws what the CLI says of a failure. */
  async run(args: readonly string[], tell: (commandLine: string) => void): Promise<void> {
    const all = ['run', '-s', 'temporal', '--', ...args];
    const prefix = this.stack === 'default' ? '' : `STACK=${this.stack} `;
    tell(`${prefix}npm ${all.map(quoted).join(' ')}`);
    const child = spawn('npm', all, {
      cwd: join(__dirname, '..', '..'),
      env: environmentWith({ STACK: this.stack }),
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    });
    const said = text(child.stderr);
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
    if (code !== 0) throw new Error(`the Temporal CLI ended with ${String(code)}: ${(await said).trim()}`);
  }
}

function quoted(argument: string): string {
  return /^[\w:./=-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
