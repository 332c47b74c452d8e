import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { runCommand } from '../cli/program';
import packageJson from '../package.json';

const root = join(__dirname, '..');
const documents = ['.', 'deploy', 'docs', 'docs/decisions', 'docs/how-to']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** Files that an example of the how-to pages adds. */
const ADDED_BY_HOW_TO = new Set([
  'db/migrations/030-gift-wraps.ts',
  'activities/gift-wrap.ts',
  'activities/fraud-check.ts',
  'providers/fraud-check.ts',
  'sandbox/fraud-check.ts',
]);

/** The matches of a pattern's first group in every document, each with its document. */
function named(pattern: RegExp): { path: string; name: string }[] {
  return documents.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(([, name = '']) => ({ path, name })));
}

/** How GitHub makes the anchor of a heading. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What `--help` of a command says. */
async function helpOf(command: string): Promise<string> {
  let help = '';
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    help += text.toString();
    return true;
  });
  const listeners = jest.spyOn(process.stdout, 'on').mockReturnThis();
  try {
    await runCommand([...command.split(' '), '--help']);
  } finally {
    listeners.mockRestore();
    stdout.mockRestore();
  }
  return help;
}

describe('the documents', () => {
  test('name files that exist', () => {
    const files = named(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|cjs|yml))`/g);
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter(({ name }) => !ADDED_BY_HOW_TO.has(name) && !existsSync(join(root, name)))).toEqual([]);
  });

  test('link to files and headings that exist', () => {
    const links = named(/\]\((?!https?:)([^)\s]+)\)/g);
    const broken = links.filter(({ path, name }) => {
      const [file = '', anchor] = name.split('#');
      const target = file === '' ? path : relative(root, join(root, dirname(path), file));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('are all in the index', () => {
    const index = documents.find(({ path }) => path === 'docs/README.md')?.text ?? '';
    const missing = documents.filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(
      missing.filter(({ path }) => !index.includes(`](${relative('docs', path)})`)).map(({ path }) => path),
    ).toEqual([]);
  });

  test('name scripts of package.json', () => {
    const scripts = named(/npm run (?:-s |--silent )?([\w-]+)/g);
    expect(scripts.filter(({ name }) => !(name in packageJson.scripts))).toEqual([]);
  });

  test('name commands and options that ordersaga has', async () => {
    const commands = named(/ordersaga (?:-- )?((?:items|saga|dlt|orders|coupon|outbox)(?= )[^`\n#>|]*)/g);
    expect(commands.length).toBeGreaterThan(50);
    const unknown: { path: string; name: string }[] = [];
    for (const { path, name } of commands) {
      const words = name.replace(/'[^']*'/g, '').split(/[\s.,;:)]+/);
      const [group = '', command] = words;
      // `items` alone is `items list`.
      const parts = [group, command !== undefined && /^[a-z]+$/.test(command) ? command : 'list'];
      const help = await helpOf(parts.join(' '));
      const options = words.filter((word) => word.startsWith('--'));
      if (
        !help.includes(`Usage: ordersaga ${parts.join(' ')}`) ||
        options.some((option) => !help.includes(`${option} `))
      )
        unknown.push({ path, name });
    }
    expect(unknown).toEqual([]);
  });
});
