import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = join(__dirname, '..', '..');
const SOURCES = ['workflows', 'domain', 'contracts'];

/**
 * The workflows as one bundle, made again only when their sources or the SDK changed: `cacheFolder` keeps the last ones.
 */
export async function workflowBundle(cacheFolder: string): Promise<{ code: string }> {
  const file = join(cacheFolder, `workflows-${sourcesHash()}.js`);
  if (!existsSync(file)) {
    const { code } = await bundleOf(ROOT);
    const partial = `${file}.${randomUUID()}`;
    writeFileSync(partial, code);
    renameSync(partial, file);
  }
  return { code: readFileSync(file, 'utf8') };
}

/** Makes the bundle of the workflows of the package at `root`. */
export function bundleOf(root: string): Promise<{ code: string }> {
  const pathOf = (name: string) => require.resolve(join(root, 'workflows', name));
  return bundleWorkflowCode({
    workflowsPath: pathOf('index'),
    workflowInterceptorModules: [pathOf('trace-interceptors')],
    payloadConverterPath: pathOf('lenient-payloads'),
    logger: new DefaultLogger('WARN'),
  });
}

function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const folder of SOURCES)
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort())
      if (/\.(ts|js)$/.test(name)) hash.update(name).update(readFileSync(join(ROOT, folder, name)));
  return hash.digest('hex').slice(0, 16);
}
