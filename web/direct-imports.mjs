import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A Vite plugin: an import from the index of this package becomes one from the module behind it. Through the index every page would
 * load what any page uses, and at once what a page loads later.
 */
export function directImports(packageName) {
  const index = fileURLToPath(import.meta.resolve(packageName));
  let modules;
  return {
    name: 'direct-imports',
    transform: {
      filter: { id: /\/web\/.*\.tsx?$/, code: packageName },
      handler(code) {
        modules ??= modulesOf(this.parse(readFileSync(index, 'utf8')), index);
        return importsOf(this.parse(code), packageName).reduceRight(
          (text, { start, end, specifiers }) =>
            text.slice(0, start) + specifiers.map(directly).join('') + text.slice(end),
          code,
        );
      },
    },
  };

  function directly({ imported, local }) {
    const file = modules.get(imported.name);
    if (!file) throw new Error(`${packageName} does not export ${imported.name} from a module of its own`);
    return `import { ${imported.name} as ${local.name} } from ${JSON.stringify(file)};`;
  }
}

const importsOf = ({ body }, packageName) =>
  body.filter(({ type, source }) => type === 'ImportDeclaration' && source.value === packageName);

/** The module of each name that the index exports: it imports them all, and exports them under the same names. */
function modulesOf({ body }, index) {
  return new Map(
    body
      .filter(({ type, source }) => type === 'ImportDeclaration' && source.value.startsWith('.'))
      .flatMap(({ source, specifiers }) =>
        specifiers.map(({ imported }) => [imported?.name, join(dirname(index), source.value)]),
      ),
  );
}
