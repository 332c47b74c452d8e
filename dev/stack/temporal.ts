import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { dataFolder, type Engine, type Log, type StackPlace } from './engine';
import { cached, cachedFolder, isCached } from './engine-cache';
import type { Launch } from './processes';
import { environmentWith, StackError } from './settings';
import { downloadArchive, programNamed, runTool, withProgress } from './tools';

const VERSION = '1.5.1';
const CACHE = `temporal-${VERSION}`;
const binaryIn = (folder: string) => join(folder, 'bin', 'temporal');

// The dev server's defaults make each hop wait up to 50 ms; these let the machine be the limit.
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'system.enableActivityEagerExecution=true',
  'system.enableEagerWorkflowStart=true',
  'matching.rps=50000',
  'frontend.rps=50000',
  'frontend.namespaceRPS=50000',
  'history.rps=50000',
  'matching.persistenceMaxQPS=50000',
  'history.persistenceMaxQPS=50000',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** The Temporal server of one machine: the CLI's dev server on an SQLite file, with its Web UI. */
export const temporal: Engine = {
  name: 'temporal',
  ports: ['temporal', 'temporalUi'],
  stopSignal: 'SIGTERM',

  async find() {
    const onPath = temporalOnPathOrCached();
    if (onPath) return { kind: 'here', plan: onPath, installation: onPath };
    const plan = `the CLI ${VERSION}: downloaded from temporal.download, else built with Go (about 3 minutes), kept in ${cachedFolder(CACHE)}`;
    return {
      kind: 'obtain',
      plan,
      obtain: async (log) => binaryIn(await cached(CACHE, log, (folder) => fetchOrBuild(folder, log))),
    };
  },

  async prepare(binary, place): Promise<Launch> {
    const folder = dataFolder(place, 'temporal');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { temporal: port, temporalUi } = place.ports;
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(temporalUi)];
    args.push('--log-level', 'warn', '--db-filename', join(folder, 'temporal.sqlite'));
    for (const pragma of ['journal_mode=WAL', 'synchronous=NORMAL']) args.push('--sqlite-pragma', pragma);
    for (const value of dynamicConfig) args.push('--dynamic-config-value', value);
    return { file: binary, args, cwd: folder };
  },

  isReady: describesDefaultNamespace,
};

/** The Temporal CLI that is at hand without fetching anything, or undefined. */
export function temporalOnPathOrCached(): string | undefined {
  return programNamed('temporal') ?? (isCached(CACHE) ? binaryIn(cachedFolder(CACHE)) : undefined);
}

async function fetchOrBuild(folder: string, log: Log): Promise<void> {
  await mkdir(join(folder, 'bin'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `https://temporal.download/cli/archive/v${VERSION}?platform=${platform}&arch=${arch}`;
  if (await downloadArchive(url, folder, [], log)) {
    await rename(join(folder, 'temporal'), binaryIn(folder));
    await chmod(binaryIn(folder), 0o755);
    return;
  }
  await buildWithGo(folder, log);
}

async function buildWithGo(folder: string, log: Log): Promise<void> {
  const go = programNamed('go');
  if (!go)
    throw new StackError(
      'Temporal is neither on PATH nor to be downloaded, and there is no Go to build it: install the Temporal CLI ' +
        '(https://docs.temporal.io/cli) or Go 1.24 or newer, or set TEMPORAL_ADDRESS.',
    );
  const main = 'github.com/temporalio/cli/cmd/temporal';
  const module = `module ordersaga/engine\n\ngo 1.24\n\nrequire github.com/temporalio/cli v${VERSION}\n\ntool ${main}\n`;
  await writeFile(join(folder, 'go.mod'), module);
  const env = environmentWith({ GOWORK: 'off' });
  await withProgress(log, `temporal: building the CLI ${VERSION} with Go (about 3 minutes, once)`, async () => {
    await runTool(go, ['mod', 'tidy'], { cwd: folder, env });
    await runTool(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', binaryIn(folder), main], { cwd: folder, env });
  });
}

/** Asks for the namespace `default`, by hand over HTTP/2: a gRPC library would take longer to load than the call. */
async function describesDefaultNamespace(place: StackPlace): Promise<boolean> {
  const name = Buffer.from('default');
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const session = connect(`http://127.0.0.1:${place.ports.temporal}`);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      session.once('error', reject);
      const call = session.request({
        ':method': 'POST',
        ':path': '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      call.setTimeout(2_000, () => reject(new Error('Temporal accepts connections and does not respond')));
      const settle = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) resolve(headers['grpc-status'] === '0');
      };
      call
        .on('response', settle)
        .on('trailers', settle)
        .once('error', reject)
        .once('close', () => resolve(false))
        .resume();
      call.end(frame);
    });
  } finally {
    session.destroy();
  }
}
