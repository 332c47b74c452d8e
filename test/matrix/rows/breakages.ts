import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOf } from '../../../processes/worker/bundle';
import type { Settings } from '../../support/environment';
import type { RoleName } from '../../support/role-process';
import type { Stage } from '../stage';

const ROOT = join(__dirname, '..', '..', '..');

/** Breaks one rule of a running system; what it returns mends that again. */
export type Breakage = (stage: Stage) => Promise<() => Promise<void>>;

/** A process of this role runs with a module replaced: see `inside/broken.ts`. */
export function replacedModule(role: RoleName, broken: string, settings: Settings = {}): Breakage {
  return async (stage) => {
    const loaded = `${stage.settings.NODE_OPTIONS} --require ${join(ROOT, 'test/matrix/inside/broken.ts')}`;
    await stage.replace(role, { ...settings, NODE_OPTIONS: loaded, MATRIX_BROKEN: broken });
    return () => stage.replace(role);
  };
}

export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The worker runs workflows whose source differs so; the copy is bundled as the product's own is. */
export function editedWorkflows(...edits: readonly Edit[]): Breakage {
  return async (stage) => {
    const root = mkdtempSync(join(tmpdir(), 'ordersaga-broken-'));
    try {
      for (const folder of ['workflows', 'domain', 'contracts'])
        cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
      for (const { file, from, to } of edits) {
        const source = readFileSync(join(root, file), 'utf8');
        if (!source.includes(from))
          throw new Error(`${file} has no "${from}" any more: the counter-test is out of date`);
        writeFileSync(join(root, file), source.replace(from, to));
      }
      const bundle = join(root, 'bundle.js');
      writeFileSync(bundle, (await bundleOf(root)).code);
      const mend = await replacedModule('worker', 'workflows', { MATRIX_WORKFLOWS: bundle })(stage);
      return async () => {
        await mend();
        rmSync(root, { recursive: true });
      };
    } catch (error) {
      rmSync(root, { recursive: true });
      throw error;
    }
  };
}

const sqlOf = (name: string) => readFileSync(join(ROOT, 'db', 'functions', `${name}.sql`), 'utf8');

/** Whatever says it is running is taken to be, a step that was undone can be done, and an order moves from anywhere. */
export const noFence: Breakage = async ({ outside }) => {
  const openSteps = ` and state = 'UNKNOWN'`;
  const finishStep = sqlOf('finish_step');
  if (!finishStep.includes(openSteps))
    throw new Error('finish_step has another fence now: the counter-test is out of date');
  await outside.rows(finishStep.replace(openSteps, ''));
  await outside.rows(
    'create or replace function require_running(call jsonb) returns boolean language sql as $$ select true $$',
  );
  await outside.rows('alter table orders disable trigger orders_moves');
  return async () => {
    for (const name of ['finish_step', 'require_running']) await outside.rows(sqlOf(name));
    await outside.rows('alter table orders enable trigger orders_moves');
  };
};
