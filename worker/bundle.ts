import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = join(__dirname, '..');
const SOURCES = ['workflows', 'domain', 'contracts'];
const INTERCEPTORS = require.resolve('../workflows/trace-interceptors');
const PAYLOAD_CONVERTER = require.resolve('../workflows/lenient-payloads');

/** What `Worker.create` needs of the workflows. */
const WORKFLOW_INTERCEPTORS = [INTERCEPTORS];

/**
 * The workflows as one bundle, made anew only when their sources or the SDK changed: `cacheFolder` keeps the last ones.
 */
export async function workflowBundle(cacheFolder: string): Promise<{ code: string }> {
  const file = join(cacheFolder, `workflows-${sourcesHash()}.js`);
  if (!existsSync(file)) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: require.resolve('../workflows'),
      workflowInterceptorModules: WORKFLOW_INTERCEPTORS,
      payloadConverterPath: PAYLOAD_CONVERTER,
      logger: undefined,
    });
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, code);
    renameSync(partial, file);
  }
  return { code: readFileSync(file, 'utf8') };
}

function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const folder of SOURCES)
    for (const name of readdirSync(join(ROOT, folder)).sort())
      if (/\.(ts|js)$/.test(name)) hash.update(name).update(readFileSync(join(ROOT, folder, name)));
  return hash.digest('hex').slice(0, 16);
}
