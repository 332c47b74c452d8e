import { dirname, join } from 'node:path';
import lock from '../package-lock.json';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packages = lock.packages as Readonly<Record<string, Locked>>;

/** Whether Node, asked by the package at `path`, finds this one. */
function isLocked(name: string, path: string): boolean {
  for (let at = path; ; at = at === 'node_modules' ? '' : dirname(at)) {
    if (packages[join(at, 'node_modules', name)]) return true;
    if (at === '' || at === '.') return false;
  }
}

test('npm ci takes the lock file: it has every dependency that a package of it names, for other platforms as well', () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(name, path))
      .map((name) => `${name} of ${path}`),
  );
  expect(missing).toEqual([]);
});
