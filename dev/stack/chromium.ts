import { join } from 'node:path';
import { canFetchPackages, unpackPackages } from './debian';
import type { Log } from './engine';
import { cached, cachedFolder, isCached } from './engine-cache';
import { StackError } from './settings';
import { programNamed, runTool, withProgress } from './tools';

const CACHE = 'chromium-debian';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const programIn = (folder: string) => join(folder, 'chromium');

/**
 * The program of a browser for the tests of the pages: what is on PATH, or Debian's package, fetched with apt-get and unpacked (not
 * installed) into the cache. Undefined: neither is possible here.
 */
export async function findChromium(log: Log): Promise<string | undefined> {
  const onPath = NAMES.map((name) => programNamed(name)).find((program) => program !== undefined);
  if (onPath) return onPath;
  if (isCached(CACHE)) return programIn(cachedFolder(CACHE));
  if (!canFetchPackages()) return undefined;
  return programIn(await cached(CACHE, log, (to) => unpack(to, log)));
}

async function unpack(folder: string, log: Log): Promise<void> {
  const step = 'chromium: fetching the Debian package and the libraries that this machine lacks';
  await withProgress(log, step, async () => {
    const fetch = (packages: string) => [
      ...['--yes', '--download-only', '--no-install-recommends', '-o', `Dir::Cache::Archives=${packages}`],
      ...['install', 'chromium'],
    ];
    await unpackPackages(folder, fetch, { script: programIn(folder), path: 'usr/lib/chromium/chromium' });
    const version = await runTool(programIn(folder), ['--version', '--no-sandbox']);
    if (!version.includes('Chromium')) throw new StackError("Debian's chromium does not run here.");
  });
}
