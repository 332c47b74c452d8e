import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = join(__dirname, '..');
const COMPRESSED = /\.(js|css|svg)$/;
const BROTLI_QUALITY = 9;

/**
 * Where the built pages are: built again only when their sources or a dependency changed, which takes some seconds. Undefined where
 * they cannot be built, as the development dependencies are not installed.
 */
export async function builtPages(cacheFolder: string): Promise<string | undefined> {
  const folder = join(cacheFolder, `pages-${sourcesHash()}`);
  if (existsSync(folder)) return folder;
  const vite = await import('vite').catch(() => undefined);
  if (!vite) return undefined;
  const partial = `${folder}.${randomUUID()}`;
  await vite.build({
    configFile: join(ROOT, 'web', 'vite.config.mjs'),
    build: { outDir: partial, emptyOutDir: true },
    logLevel: 'warn',
  });
  await Promise.all(filesIn(join(partial, 'assets')).map(compress));
  keep(partial, folder);
  return folder;
}

/** Beside the file, as it is sent: nothing is compressed while somebody waits. */
async function compress(file: string): Promise<void> {
  if (!COMPRESSED.test(file)) return;
  const text = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  writeFileSync(`${file}.br`, await promisify(brotliCompress)(text, { params }));
  writeFileSync(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
}

/** Of several processes that built the same, the first one's are kept. */
function keep(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const file of [...filesIn(join(ROOT, 'web')), join(ROOT, 'package-lock.json'), __filename])
    hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
