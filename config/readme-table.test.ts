import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsSchema } from './settings';

/** [name, default] of each row of README's table of settings. */
function rowsOfReadme(): string[][] {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
  return [...readme.matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm)].map((row) => row.slice(1, 3));
}

describe('README’s table of settings', () => {
  test('has every setting, in order, with its default', () => {
    const rows = Object.entries(settingsSchema.shape).map(([name, schema]) => {
      const absent = schema.safeParse(undefined);
      if (!absent.success) return [name, 'required'];
      return [name, absent.data === undefined ? '' : `\`${absent.data}\``];
    });
    expect(rowsOfReadme()).toEqual(rows);
  });
});
