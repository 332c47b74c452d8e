// Runs one TypeScript file of this package: `node dev/run.mjs FILE ARGS…`. Plain Node without a dependency, because
// it is what makes a fresh clone's dependencies appear. The file runs in this very process, so that signals, exit codes
// and kill -9 reach it and nothing else.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(root, 'node_modules');
const marker = join(installed, '.ordersaga-lock');
const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
const wanted = createHash('sha256').update(lockText).digest('hex');
const say = (line) => process.stderr.write(`${line}\n`);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(
    `ordersaga needs Node.js 20.19 or newer, and this is ${process.version}: install a newer one and run this again.`,
  );
  process.exit(1);
}
if (!process.argv[2]) {
  say('usage: node dev/run.mjs FILE [ARGS…]');
  process.exit(2);
}

if (!dependenciesMatch()) installDependencies();
createRequire(import.meta.url)('../processes/typescript.cjs');
process.argv.splice(1, 2, resolve(root, process.argv[2]));
Module.runMain();

function dependenciesMatch() {
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return true;
  if (!holdsWhatTheLockNames()) return false;
  writeFileSync(marker, wanted);
  return true;
}

// A plain `npm install` leaves no marker of ours; npm's record of what it installed shows whether it will do.
function holdsWhatTheLockNames() {
  const record = join(installed, '.package-lock.json');
  if (!existsSync(record)) return false;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(JSON.parse(lockText).packages).every(
    ([path, entry]) => path === '' || (present[path] ? present[path].version === entry.version : entry.optional),
  );
}

function installDependencies() {
  const unlock = lock();
  try {
    if (dependenciesMatch()) return;
    say('installing the dependencies named in package-lock.json (about 20 seconds)…');
    const started = Date.now();
    // No install script is run: what is needed comes prebuilt, and the stack lays out Postgres' files by itself.
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const clean = npm(['ci', ...options]);
    // `npm ci` refuses a lock that lacks another platform's optional binaries; `install` holds to the same versions.
    const outcome = clean.status === 0 ? clean : npm(['install', '--no-save', ...options]);
    if (outcome.status !== 0) {
      say(`${clean.stderr}${outcome.stderr}`.trim());
      say('the dependencies could not be installed: npm says why above; once that is fixed, run this again.');
      process.exit(1);
    }
    writeFileSync(marker, wanted);
    say(`dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    unlock();
  }
}

function npm(args) {
  const script = process.env.npm_execpath;
  const [file, first] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const result = spawnSync(file, [...first, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32' && file === 'npm',
  });
  return result.error ? { status: 1, stderr: `npm did not start: ${result.error.message}\n` } : result;
}

/** Only one process at a time installs; the lock of one that died is taken over. Returns the release. */
function lock() {
  const home = process.env.ORDERSAGA_HOME || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ordersaga');
  const file = join(home, 'locks', `npm-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);
  mkdirSync(dirname(file), { recursive: true });
  for (let waits = 0; ; waits += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      const onExit = () => rmSync(file, { force: true });
      process.once('exit', onExit);
      return () => {
        process.off('exit', onExit);
        onExit();
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waits === 0) say('another process is installing the dependencies: waiting for it…');
    if (isAbandoned(file)) rmSync(file, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  }
}

function isAbandoned(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid === 0) return Date.now() - statSync(file).mtimeMs > 5_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
}
