import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** Files named in the map, each with the quoted names of tests that follow it on its line. */
function proofs(): { file: string; tests: string[] }[] {
  const map = readFileSync(join(__dirname, 'seed-map.md'), 'utf8');
  return [...map.matchAll(/`([a-z-]+\/[\w./-]+\.ts)`((?:(?!`[a-z-]+\/).)*)/g)].map(([, file = '', rest = '']) => ({
    file,
    tests: file.endsWith('.test.ts') ? [...rest.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name) : [],
  }));
}

describe('the map of the first papers', () => {
  test('names files that exist', () => {
    expect(proofs().filter(({ file }) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('names tests that are in those files', () => {
    const missing = proofs().flatMap(({ file, tests }) => {
      const text = readFileSync(join(root, file), 'utf8');
      return tests.filter((name) => !text.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});
