import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { endOnUncaught, inWords } from '../observability/last-words';
import { type SandboxOptions, startSandbox } from './server';

interface MainOptions extends SandboxOptions {
  /** Stop when the process that started this one is gone. */
  withParent: boolean;
}

/** Reads the command line; throws with one clear sentence on what is wrong. */
async function optionsOf(args: string[]): Promise<MainOptions> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      'data-dir': { type: 'string' },
      'webhook-url': { type: 'string' },
      'webhook-secret-file': { type: 'string' },
      'with-parent': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port must be 0 to 65535');
  const dataDir = values['data-dir'];
  if (!dataDir) throw new Error('--data-dir is needed: the directory of the journal');
  const url = values['webhook-url'];
  const secretFile = values['webhook-secret-file'];
  if (url !== undefined && !URL.canParse(url)) throw new Error('--webhook-url is no URL');
  if (url !== undefined && !secretFile) throw new Error('--webhook-url needs --webhook-secret-file');
  const secret = secretFile ? (await readFile(secretFile, 'utf8')).trim() : '';
  if (url !== undefined && !secret) throw new Error('the webhook secret file is empty');
  const webhook = url === undefined ? undefined : { url, secret };
  return { port, host: values.host, dataDir, webhook, withParent: values['with-parent'] };
}

async function main(): Promise<void> {
  const options = await optionsOf(process.argv.slice(2));
  const sandbox = await startSandbox(options);
  const stop = () => {
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (options.withParent) whenParentIsGone(stop);
  process.stdout.write(`sandbox: ${sandbox.url}\n`);
}

/** A parent that dies, however it dies, closes the channel or pipe it held. */
function whenParentIsGone(stop: () => void): void {
  if (process.connected) {
    process.once('disconnect', stop);
    return;
  }
  process.stdin.once('end', stop).once('error', stop).resume();
}

function fail(error: unknown): void {
  process.stderr.write(`sandbox: ${inWords(error)}\n`);
  process.exit(1);
}

endOnUncaught();
main().catch(fail);
