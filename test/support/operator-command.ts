import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';

const LAUNCHER = join(__dirname, '..', '..', 'cli', 'ordersaga.mjs');

export interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs `ordersaga` as an operator's script does, without a terminal, in an environment of its own. */
export async function ordersaga(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: string | Buffer = '',
): Promise<CommandEnd> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [LAUNCHER, ...args], { env: { PATH, HOME, ...env } });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([buffer(child.stdout), text(child.stderr), exit]);
  return { exitCode, stdout, stderr };
}
