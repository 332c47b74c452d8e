import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the loader of TypeScript promises to those who change a source. */
describe('a TypeScript file that is run through typescript.cjs', () => {
  let folder: string;
  let home: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ordersaga-typescript-'));
    home = join(folder, 'home');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(): string {
    const args = ['--require', join(__dirname, 'typescript.cjs'), join(folder, 'main.ts')];
    const { stdout, stderr } = spawnSync(process.execPath, args, { env: { ORDERSAGA_HOME: home }, encoding: 'utf8' });
    return stdout + stderr;
  }
  const write = (name: string, source: string) => writeFileSync(join(folder, name), source);
  const kept = () => readdirSync(join(home, 'compiled')).filter((name) => name.endsWith('.js'));

  test('is compiled once, and again when it or what it imports has changed', () => {
    write('main.ts', `import { word } from './word';\nconst said: string = word;\nconsole.log(said);\n`);
    write('word.ts', `export const word: string = 'one';\n`);
    expect(run()).toBe('one\n');
    expect(run()).toBe('one\n');
    expect(kept()).toHaveLength(2);
    write('word.ts', `export const word: string = 'two';\n`);
    expect(run()).toBe('two\n');
    expect(kept()).toHaveLength(3);
  });

  test('names its own lines in a stack, also when it was compiled before', () => {
    write(
      'main.ts',
      `interface Gone {\n  a: string;\n}\nfunction fails(_: Gone): never {\n  throw new Error('here');\n}\nfails({ a: '' });\n`,
    );
    for (const time of ['first', 'second'])
      expect([time, run()]).toEqual([time, expect.stringContaining('main.ts:5:')]);
  });

  test('is compiled again when what was kept is cut off', () => {
    write('main.ts', `console.log('whole' as string);\n`);
    run();
    for (const name of kept()) truncateSync(join(home, 'compiled', name), 0);
    expect(run()).toBe('whole\n');
  });
});
