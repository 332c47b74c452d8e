import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOf } from '../../../processes/worker/bundle';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { replacedModule } from './breakages';
import { notDeterministicSince } from './worker-log';

const ROOT = join(__dirname, '..', '..', '..');
const SOURCES = ['workflows', 'domain', 'contracts'];

/** In the full matrix only: a checkout need not have the history of the code. */
export const newWorkflows: Row = {
  name: 'new-workflows',
  title:
    'orders that began on the workflow code of before its last change (or of the commit WORKFLOWS_BEFORE) end on that of now',
  times: 10,
  small: 0,
  customers: 8,
  invariants: ['I1', 'I2', 'I3', 'I5', 'I8', 'I9'],
  async run(stage, times) {
    const before = process.env.WORKFLOWS_BEFORE ?? `${git('log', '-1', '--format=%H', '--', ...SOURCES)}^`;
    const bundle = await bundleOfCommit(before);
    const seen = notDeterministicSince(stage);
    try {
      for (let time = 0; time < times; time++) await becomesNew(stage, bundle, before);
    } finally {
      rmSync(bundle);
    }
    stage.problems.push(...seen());
  },
};

/** Orders begin on the old code, of which some wait and some are at work when it is replaced. */
async function becomesNew(stage: Stage, bundle: string, before: string): Promise<void> {
  const renew = await replacedModule('worker', 'workflows', { MATRIX_WORKFLOWS: bundle })(stage);
  await stage.customers.more(10);
  await renew();
  const { pid } = stage.system.role('worker');
  stage.injected({ fault: 'the workflow code becomes new', pid, what: `before: ${before}` });
  await stage.customers.more(5);
}

const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** The file with the workflows as they were at a commit. */
async function bundleOfCommit(commit: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'ordersaga-before-'));
  try {
    const archive = execFileSync('git', ['archive', commit, ...SOURCES], { cwd: ROOT, maxBuffer: 2 ** 28 });
    execFileSync('tar', ['-x', '-C', root], { input: archive });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const { code } = await bundleOf(root);
    const file = `${root}.js`;
    writeFileSync(file, code);
    return file;
  } finally {
    rmSync(root, { recursive: true });
  }
}
