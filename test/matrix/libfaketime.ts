import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../../dev/stack/engine-cache';
import { programNamed, runTool } from '../../dev/stack/tools';

const VERSION = '3.0.1';
/** Where Debian has it. */
const SYSTEM = '/usr/lib';
const INSTALL = ['install', '--quiet', '--no-deps', '--disable-pip-version-check'];

/** The library that gives a process another time of day; undefined where it can be neither found nor built. */
export async function libfaketime(log: (line: string) => void): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const folders = existsSync(SYSTEM) ? readdirSync(SYSTEM).map((name) => join(SYSTEM, name, 'faketime')) : [];
  return libraryIn(folders) ?? (await built(log));
}

/** The package of PyPI brings the source and builds it, which takes a C compiler. */
async function built(log: (line: string) => void): Promise<string | undefined> {
  const pip = programNamed('pip3');
  if (!pip) return undefined;
  const folder = await cached(`libfaketime-${VERSION}`, log, async (to) => {
    log(`libfaketime: building ${VERSION} (once)`);
    await runTool(pip, [...INSTALL, '--target', to, `libfaketime==${VERSION}`], { timeoutMs: 120_000 });
  }).catch((error: Error) => {
    log(`libfaketime cannot be built: ${error.message}`);
    return undefined;
  });
  return folder && libraryIn([join(folder, 'libfaketime', 'vendor', 'libfaketime', 'src')]);
}

function libraryIn(folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, 'libfaketime.so.1')).find((file) => existsSync(file));
}
