import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(__dirname, '..', '..');
const START_WITHIN_MS = 60_000;

export interface ChildOptions {
  readonly name: string;
  /** Of the package, such as `processes/main.ts`. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly profileFolder?: string | undefined;
}

/** A process of this package that says by a message when it has started. */
export class Child {
  private constructor(
    private readonly child: ChildProcess,
    private readonly options: ChildOptions,
    /** What it said when it had started. */
    readonly started: unknown,
  ) {}

  static async start(options: ChildOptions): Promise<Child> {
    const { file, args = [], env, logFile, profileFolder } = options;
    const log = openSync(logFile, 'a');
    const child = fork(join(ROOT, file), args, {
      cwd: ROOT,
      env,
      execArgv: [
        '--import',
        pathToFileURL(require.resolve('tsx')).href,
        ...(profileFolder ? ['--cpu-prof', '--cpu-prof-dir', profileFolder] : []),
      ],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const started = await new Promise<unknown>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${file} ${args.join(' ')} ${why}:\n${endOf(logFile)}`));
      const timer = setTimeout(fail, START_WITHIN_MS, 'did not start in time');
      child.once('exit', (code) => fail(`ended at start with code ${code}`));
      child.once('message', (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
    child.removeAllListeners('exit');
    return new Child(child, options, started);
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Sends a message and waits for the answer; one question at a time. */
  ask<Answer>(question: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error(`${this.options.file} ended:\n${endOf(this.options.logFile)}`));
      this.child.once('exit', onExit);
      this.child.once('message', (answer) => {
        this.child.off('exit', onExit);
        resolve(answer as Answer);
      });
      this.child.send(question);
    });
  }

  /** Asks it to end by itself, by force after `patienceMs`. */
  async end(patienceMs = 20_000): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    await exited;
    clearTimeout(force);
  }
}

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n');
}
