import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = dirname(__dirname);
const START_WITHIN_MS = 60_000;

export interface ChildOptions {
  readonly name: string;
  /** Of the package, such as `processes/main.ts`; or `dev/run.mjs`, which takes such a file as its first argument. */
  readonly file: string;
  /** The checkout that it is a file of; this one by default. */
  readonly root?: string | undefined;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly profileFolder?: string | undefined;
  /** In a process group of its own, out of reach of a terminal's Ctrl-C. */
  readonly detached?: boolean;
}

/** A process of this package that sends a message when it has started. */
export class Child {
  private isEnding = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: ChildOptions,
    private readonly exited: Promise<string>,
    /** Its message. */
    readonly started: unknown,
  ) {}

  static async start(options: ChildOptions): Promise<Child> {
    const { file, root = ROOT, args = [], env, logFile, profileFolder, detached } = options;
    const log = openSync(logFile, 'a');
    const child = fork(join(root, file), args, {
      cwd: root,
      env,
      detached,
      execArgv: [
        ...(file.endsWith('.ts') ? ['--import', pathToFileURL(require.resolve('tsx')).href] : []),
        ...(profileFolder ? ['--cpu-prof', '--cpu-prof-dir', profileFolder] : []),
      ],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const started = await new Promise<unknown>((resolve, reject) => {
      const force = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
      child.once('message', resolve);
      void exited.then((how) => reject(failure(options, how)));
      child.once('message', () => clearTimeout(force));
      child.once('exit', () => clearTimeout(force));
    });
    return new Child(child, options, exited, started);
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Rejects when it ends by itself. */
  async untilFailure(): Promise<never> {
    const how = await this.exited;
    if (this.isEnding) return new Promise(() => undefined);
    throw failure(this.options, how);
  }

  /** Sends a message and waits for the response; one at a time. */
  ask<Result>(question: Serializable): Promise<Result> {
    const response = new Promise<Result>((resolve) => {
      this.child.once('message', (message) => resolve(message as Result));
    });
    this.child.send(question);
    return Promise.race([response, this.untilFailure()]);
  }

  /** Asks it to end, and kills it after `deadlineMs`. */
  async end(deadlineMs = 20_000): Promise<void> {
    this.isEnding = true;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), deadlineMs);
    await this.exited;
    clearTimeout(force);
  }
}

function failure({ name, logFile }: ChildOptions, how: string): Error {
  const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
  return new Error(`${name} ended by itself (${how}); its log is ${logFile} and ends:\n${end}`);
}
