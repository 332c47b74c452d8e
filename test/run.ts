import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `npm test`: everything. `npm test -- unit`: what needs no engine. Anything else goes to jest as it is: a file's name,
 * `-t NAME`. Ends with `N passed, N failed`, alone on a line, and with jest's exit code.
 */
const args = process.argv.slice(2).flatMap((arg) => (arg === 'unit' ? ['--selectProjects', 'unit'] : [arg]));
const folder = mkdtempSync(join(tmpdir(), 'ordersaga-test-'));
const report = join(folder, 'report.json');
const jest = join(__dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');

const loader = join(__dirname, '..', 'processes', 'typescript.cjs');

const run = spawnSync(
  process.execPath,
  ['--max-old-space-size=4096', jest, '--runInBand', '--json', `--outputFile=${report}`, ...args],
  {
    cwd: join(__dirname, '..'),
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require "${loader}"`.trim() },
  },
);

let counts = { numPassedTests: 0, numFailedTests: 1, numRuntimeErrorTestSuites: 0 };
try {
  counts = JSON.parse(readFileSync(report, 'utf8')) as typeof counts;
} catch {
  process.stderr.write('jest ended without a report\n');
}
rmSync(folder, { recursive: true });
const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
process.stdout.write(`\n${counts.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = run.status === 0 && failed === 0 ? 0 : 1;
