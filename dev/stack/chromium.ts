import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const isRootOnDebian = process.getuid?.() === 0 && programNamed('apt-get') && programNamed('dpkg-deb');
  if (!isRootOnDebian) return undefined;
  return programIn(await cached(CACHE, log, (to) => unpack(to, log)));
}

async function unpack(folder: string, log: Log): Promise<void> {
  await withProgress(
    log,
    'chromium: fetching the Debian package and the libraries that this machine lacks',
    async () => {
      const packages = join(folder, 'packages');
      await mkdir(join(packages, 'partial'), { recursive: true });
      const options = [
        '-o',
        'APT::Sandbox::User=root',
        '-o',
        `Dir::Cache::Archives=${packages}`,
        '--no-install-recommends',
      ];
      const fetch = () => runTool('apt-get', ['-qq', '--yes', '--download-only', ...options, 'install', 'chromium']);
      try {
        await fetch();
      } catch {
        // Package lists that are missing or older than the archive: the one refresh that mends both.
        await runTool('apt-get', ['-qq', 'update']);
        await fetch();
      }
      for (const file of await readdir(packages))
        if (file.endsWith('.deb')) await runTool('dpkg-deb', ['-x', join(packages, file), folder]);
      await writeFile(programIn(folder), startScript);
      await chmod(programIn(folder), 0o755);
      const version = await runTool(programIn(folder), ['--version', '--no-sandbox']);
      if (!version.includes('Chromium')) throw new StackError("Debian's chromium does not run here.");
    },
  );
}

const startScript = `#!/bin/sh
here=$(dirname "$0")
libraries=$(find "$here/usr/lib" "$here/lib" -name '*.so*' -exec dirname {} \\; 2>/dev/null | sort -u | tr '\\n' ':')
LD_LIBRARY_PATH="$libraries$LD_LIBRARY_PATH" exec "$here/usr/lib/chromium/chromium" "$@"
`;
