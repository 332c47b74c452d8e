import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programNamed, runTool } from './tools';

/** The unprivileged user that apt would fetch as may not write into folders of root. */
const AS_ROOT = ['-qq', '-o', 'APT::Sandbox::User=root'];

/** Whether packages can be fetched here. */
export const canFetchPackages = (): boolean =>
  process.getuid?.() === 0 && programNamed('apt-get') !== undefined && programNamed('dpkg-deb') !== undefined;

/**
 * Fetches Debian packages and unpacks them (installs nothing) into `folder`. `fetch`: apt-get's arguments, which bring them into the
 * folder that it is given. Writes `script`, which starts the program at `path` of them with their libraries.
 */
export async function unpackPackages(
  folder: string,
  fetch: (packages: string) => readonly string[],
  { script, path }: { readonly script: string; readonly path: string },
): Promise<void> {
  const packages = join(folder, 'packages');
  await mkdir(join(packages, 'partial'), { recursive: true });
  const fetchAll = () => runTool('apt-get', [...AS_ROOT, ...fetch(packages)], { cwd: packages });
  try {
    await fetchAll();
  } catch {
    // Package lists that are missing or older than the archive: the one refresh that mends both.
    await runTool('apt-get', ['-qq', 'update']);
    await fetchAll();
  }
  for (const file of await readdir(packages))
    if (file.endsWith('.deb')) await runTool('dpkg-deb', ['-x', join(packages, file), folder]);
  await writeFile(script, startScript(path));
  await chmod(script, 0o755);
}

const startScript = (path: string) => `#!/bin/sh
here=$(dirname "$0")
libraries=$(find "$here/usr/lib" "$here/lib" -name '*.so*' -exec dirname {} \\; 2>/dev/null | sort -u | tr '\\n' ':')
LD_LIBRARY_PATH="$libraries$LD_LIBRARY_PATH" exec "$here/${path}" "$@"
`;
