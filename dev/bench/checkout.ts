import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';

export const THIS_CHECKOUT = dirname(dirname(__dirname));

/** The commit that a checkout is at, with a plus where the product's files differ from it; "unknown" outside git. */
export function commitOf(root: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!dev/bench', ':!docs');
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
