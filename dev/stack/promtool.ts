import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './engine';
import { cached } from './engine-cache';
import { environmentWith, StackError } from './settings';
import { downloadArchive, programNamed, runTool, withProgress } from './tools';

const VERSION = '3.16.0';
/** Of the same release, as a Go module. */
const MODULE = 'github.com/prometheus/prometheus/cmd/promtool@v0.316.0';
const CACHE = `promtool-${VERSION}`;
/** Tests go without it rather than wait for ever. */
const BUILT_WITHIN_MS = 15 * 60_000;
const programIn = (folder: string) => join(folder, 'promtool');

/** The checker of Prometheus's rules; fetched or built the first time. */
export async function promtool(log: Log): Promise<string> {
  return programNamed('promtool') ?? programIn(await cached(CACHE, log, (folder) => fetchOrBuild(folder, log)));
}

async function fetchOrBuild(folder: string, log: Log): Promise<void> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `prometheus-${VERSION}.${process.platform}-${arch}`;
  const url = `https://github.com/prometheus/prometheus/releases/download/v${VERSION}/${name}.tar.gz`;
  const unpacked = join(folder, 'unpacked');
  await mkdir(unpacked);
  if (await downloadArchive(url, unpacked, ['--strip-components=1'], log))
    await rename(programIn(unpacked), programIn(folder));
  else await buildWithGo(folder, log);
  await rm(unpacked, { recursive: true });
}

async function buildWithGo(folder: string, log: Log): Promise<void> {
  const go = programNamed('go');
  if (!go)
    throw new StackError(
      'promtool is neither on PATH nor to be downloaded, and there is no Go to build it: install Prometheus or Go.',
    );
  const env = environmentWith({ GOBIN: folder, GOWORK: 'off' });
  // The libraries of every cloud's service discovery are most of the program, and rules need none of them.
  await withProgress(log, `promtool: building ${VERSION} with Go (2 to 10 minutes, once)`, () =>
    runTool(go, ['install', '-trimpath', '-tags', 'remove_all_sd', '-ldflags', '-s -w', MODULE], {
      cwd: folder,
      env,
      timeoutMs: BUILT_WITHIN_MS,
    }),
  );
}
