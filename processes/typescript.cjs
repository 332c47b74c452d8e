// Lets Node require this package's TypeScript: `node --require ./processes/typescript.cjs FILE`. A source is compiled once and kept
// by its content, so that a start compiles only what has changed. `node processes/typescript.cjs` compiles everything beforehand.
// Plain JavaScript, as it runs before anything else.
const { createHash, randomUUID } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { homedir } = require('node:os');
const { basename, dirname, join } = require('node:path');

const home = process.env.ORDERSAGA_HOME || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ordersaga');
const folder = join(home, 'compiled');
const options = { loader: 'ts', format: 'cjs', target: 'node20', sourcemap: 'inline', sourcesContent: false };
const compiler = JSON.stringify([options, require('esbuild/package.json').version]);
/** What a file lacks that was cut off by a machine's failure. */
const END = '// complete\n';

Module._extensions['.ts'] = (module, path) => module._compile(compiled(path), path);
process.setSourceMapsEnabled(true);
// From Node 22.1 on, what V8 makes of the code is kept as well.
Module.enableCompileCache?.(join(folder, 'v8'));

if (require.main === module) compileEverything(dirname(__dirname));

function compiled(path) {
  const source = readFileSync(path, 'utf8');
  // The map names the source by it, relative to the source's own folder.
  const sourcefile = basename(path);
  const key = createHash('sha256')
    .update(JSON.stringify([compiler, sourcefile, source]))
    .digest('hex');
  const file = join(folder, `${key}.js`);
  const kept = readKept(file);
  if (kept?.endsWith(END)) return kept;
  const code = require('esbuild').transformSync(source, { ...options, sourcefile }).code + END;
  keep(file, code);
  return code;
}

function readKept(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whole or not at all, as another process may read it meanwhile; where nothing can be kept, each start compiles. */
function keep(file, code) {
  try {
    mkdirSync(folder, { recursive: true });
    const partial = `${file}.${randomUUID()}`;
    writeFileSync(partial, code);
    renameSync(partial, file);
  } catch {
    // What was compiled is here all the same.
  }
}

function compileEverything(root) {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.')) compileEverything(path);
    else if (entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name)) compiled(path);
  }
}
