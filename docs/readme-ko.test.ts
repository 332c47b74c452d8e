import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(__dirname, '..', name), 'utf8');

/** All of a section that no translation changes. */
interface Section {
  readonly level: number;
  readonly codeBlocks: readonly string[];
  readonly tableRows: readonly string[];
  readonly inlineCode: readonly string[];
  readonly links: readonly string[];
}

function sectionsOf(markdown: string): Section[] {
  // Code blocks first: a comment in one looks like a heading.
  const blocks: string[] = [];
  const text = markdown.replace(/^```\w*\n[\s\S]*?^```$/gm, (block) => {
    blocks.push(withoutComments(block));
    return `«block ${blocks.length - 1}»`;
  });
  return text.split(/^(?=#+ )/m).map((section) => ({
    level: /^#*/.exec(section)?.[0].length ?? 0,
    codeBlocks: [...section.matchAll(/«block (\d+)»/g)].map(([, index]) => blocks[Number(index)] ?? ''),
    tableRows: [...section.matchAll(/^\| (`.*?) \|(?: |$)/gm)].map(([, firstCell = '']) => firstCell),
    inlineCode: [...section.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code).sort(),
    links: [...section.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target.replace('README.ko.md', 'README.md'))
      .sort(),
  }));
}

/** Comments of shell commands are translated; all else of a code block is not. */
function withoutComments(block: string): string {
  return block.replace(/(^|\s+)# .*$/gm, '');
}

const english = read('README.md');
const korean = read('README.ko.md');

describe('README.ko.md', () => {
  test('has the sections, code, tables and links of README.md', () => {
    expect(sectionsOf(korean)).toEqual(sectionsOf(english));
  });

  test('is linked to and from README.md', () => {
    expect(english).toContain('[한국어](README.ko.md)');
    expect(korean).toContain('[English](README.md)');
  });

  test.each([
    ['a command', 'npm run migrate  ', 'npm run migrations  '],
    ['an argument', '--needs-operator', '--needs-someone'],
    ['a row of a table', '| `npm run migrate` |', '| `npm run migration` |'],
    ['a default', '| `STOCK_HOLD_MS` | `900000` |', '| `STOCK_HOLD_MS` | `800000` |'],
    ['a heading', '\n## ', '\n### '],
    ['a link', '](docs/one-order.md)', '](docs/two-orders.md)'],
  ])('is out of step when %s changes in one of the two', (_what, before, after) => {
    for (const [changed, other] of [
      [english, korean],
      [korean, english],
    ] as const) {
      expect(changed).toContain(before);
      expect(sectionsOf(changed.replace(before, after))).not.toEqual(sectionsOf(other));
    }
  });
});
