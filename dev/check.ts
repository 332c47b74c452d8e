import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `npm run check [-- --write]`: every check, even after one that fails; --write fixes format, import order and the client's types. */
const root = dirname(__dirname);
const isWriting = process.argv.includes('--write');
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
  .map((entry) => entry.name);

const checks = [
  {
    name: 'types of the client',
    program: '../dev/run.mjs',
    args: ['dev/generate-client.ts', ...(isWriting ? [] : ['--check'])],
  },
  { name: 'types', program: 'typescript/bin/tsc', args: ['--noEmit'] },
  { name: 'types of the pages', program: 'typescript/bin/tsc', args: ['--noEmit', '--project', 'web'] },
  {
    name: 'lint and format',
    program: '@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', ...(isWriting ? ['--write'] : [])],
  },
  {
    name: 'walls between folders',
    program: 'dependency-cruiser/bin/dependency-cruise.mjs',
    args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...folders],
  },
  { name: 'API documents', program: '../dev/run.mjs', args: ['dev/lint-documents.ts'] },
  { name: 'unused code', program: 'knip/bin/knip.js', args: ['--treat-config-hints-as-errors'] },
];

const failed = checks.filter((check) => !passes(check)).map(({ name }) => name);
process.stdout.write(failed.length > 0 ? `failed: ${failed.join(', ')}\n` : 'every check passed\n');
process.exitCode = failed.length > 0 ? 1 : 0;

function passes({ name, program, args }: (typeof checks)[number]): boolean {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.stdout.write(
    `${name}: ${status === 0 ? 'ok' : 'FAILED'} (${Math.round((Date.now() - started) / 1000)} s)\n\n`,
  );
  return status === 0;
}
