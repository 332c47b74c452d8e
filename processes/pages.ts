import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = join(__dirname, '..');
/** Where an image has them: no volume that is mounted for the cache hides them. */
const OF_IMAGE = join(ROOT, '.pages');
const COMPRESSED = /\.(js|css|svg)$/;
/** The best for what customers wait for on a phone; of the documentation's library it would take seconds. */
const BEST_UP_TO_BYTES = 600_000;
const brotliQuality = (bytes: number) => (bytes <= BEST_UP_TO_BYTES ? 11 : 9);
/** An api starts without them rather than wait for ever. */
const BUILT_WITHIN_MS = 120_000;

/**
 * Where the built pages are: built again only when their sources or a dependency changed, which takes some seconds. A process of
 * its own builds them, whose NODE_ENV decides what the libraries are. Throws where vite is missing.
 */
export async function builtPages(cacheFolder: string): Promise<string> {
  const name = `pages-${sourcesHash()}`;
  const known = [OF_IMAGE, cacheFolder].map((folder) => join(folder, name)).find((folder) => existsSync(folder));
  if (known) return known;
  const args = ['--require', join(__dirname, 'typescript.cjs'), join(__dirname, 'build-pages.ts')];
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, timeout: BUILT_WITHIN_MS });
  return join(cacheFolder, name);
}

/** Builds them in this process, unless they are there. */
export async function buildPages(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, `pages-${sourcesHash()}`);
  if (existsSync(folder)) return folder;
  const vite = await import('vite');
  const partial = `${folder}.${randomUUID()}`;
  for (const configuration of ['vite.config.mjs', 'vite.embed.config.mjs'])
    await vite.build({
      configFile: join(ROOT, 'web', configuration),
      build: { outDir: partial, emptyOutDir: false },
      logLevel: 'warn',
    });
  await Promise.all(filesIn(partial).map(compress));
  keep(partial, folder);
  return folder;
}

/** Beside the file, as it is sent: nothing is compressed while somebody waits. */
async function compress(file: string): Promise<void> {
  if (!COMPRESSED.test(file)) return;
  const text = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality(text.length) };
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
  const sources = filesIn(join(ROOT, 'web')).filter((file) => !file.endsWith('.test.ts'));
  for (const file of [...sources, join(ROOT, 'package-lock.json'), __filename])
    hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
