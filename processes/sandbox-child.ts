import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackFolder } from '../config/load';
import type { Settings } from '../config/settings';

/** Runs the sandbox as a child that ends with this process, at SANDBOX_URL's port, posting the carrier's webhooks to the api. */
export async function startSandboxChild(
  settings: Settings,
): Promise<{ stop(): Promise<void>; readonly failed: Promise<never> }> {
  const url = new URL(settings.SANDBOX_URL as string);
  const dataDir = join(stackFolder(), 'sandbox');
  mkdirSync(dataDir, { recursive: true });
  const secretFile = join(dataDir, 'webhook-secret');
  writeFileSync(secretFile, settings.CARRIER_WEBHOOK_SECRET as string, { mode: 0o600 });
  const args = ['--data-dir', dataDir, '--port', url.port, '--host', url.hostname, '--with-parent'];
  args.push(
    '--webhook-url',
    `http://${settings.API_HOST}:${settings.API_PORT}/webhooks/carrier`,
    '--webhook-secret-file',
    secretFile,
  );
  const main = require.resolve('../sandbox/main');
  const child = fork(main, args, {
    execArgv: ['--require', require.resolve('./typescript.cjs')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<'ready'>((resolve) => child.stdout?.once('data', () => resolve('ready')));
  if ((await Promise.race([ready, exited])) !== 'ready')
    throw new Error(`the sandbox could not start at ${url.origin}`);
  let isStopping = false;
  const failed = exited.then((code): never => {
    if (isStopping) return new Promise<never>(() => {}) as never;
    throw new Error(`the sandbox ended by itself, exit code ${code}`);
  });
  failed.catch(() => undefined);
  return {
    failed,
    async stop() {
      isStopping = true;
      child.kill('SIGTERM');
      await exited;
    },
  };
}
