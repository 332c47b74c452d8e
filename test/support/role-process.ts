import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackFolder } from '../../config/load';
import { freePorts } from '../../dev/stack/ports';
import { FAST_DELAYS, roleEnvironment, type Settings, type SystemAddresses } from './environment';

export type RoleName = 'sandbox' | 'worker' | 'bridge' | 'relay' | 'api';

const ROOT = join(__dirname, '..', '..');
const START_WITHIN_MS = 120_000;

/** One role as a process of its own, so that it can be killed. */
export class RoleProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** Where it serves its probes, and the api its routes; the sandbox has another. */
    readonly url: string,
  ) {}

  /** Starts a role and waits until it says that it has started; its log goes to the stack's folder. */
  static async start(role: RoleName, env: NodeJS.ProcessEnv): Promise<RoleProcess> {
    const logFolder = join(stackFolder(env), 'role-logs');
    mkdirSync(logFolder, { recursive: true });
    const logFile = join(logFolder, `${role}.log`);
    const log = openSync(logFile, 'a');
    const child = fork(join(ROOT, 'processes', 'main.ts'), ['--role', role], {
      cwd: ROOT,
      env,
      execArgv: ['--require', join(ROOT, 'processes', 'typescript.cjs')],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(`${role} ${why}:\n${readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n')}`));
      };
      const timer = setTimeout(fail, START_WITHIN_MS, 'did not start in time');
      child.once('exit', (code) => fail(`ended at start with code ${code}`));
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    child.removeAllListeners('exit');
    return new RoleProcess(child, `http://127.0.0.1:${env[portOf(role)]}`);
  }

  /** Starts one more process of a role that the system has already, on a port of its own. */
  static async startAnother(role: RoleName, system: SystemAddresses, settings: Settings = {}): Promise<RoleProcess> {
    const [port] = await freePorts(1);
    const own = { ...FAST_DELAYS, [portOf(role)]: String(port), ...settings };
    return RoleProcess.start(role, roleEnvironment(system, own));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves at its end, whatever ends it. */
  get ended(): Promise<void> {
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.child.once('exit', () => resolve()));
  }

  /** For what is loaded into it beside its own code. */
  send(message: Serializable): void {
    this.child.send(message);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** SIGSTOP holds the process where it is, SIGCONT lets it go on. */
  freeze(isFrozen = true): void {
    this.child.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.isRunning) return this.child.exitCode;
    const exited = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    return exited;
  }

  /** Ends it in good order, frozen or not. */
  async close(): Promise<void> {
    if (this.isRunning) this.freeze(false);
    await this.end();
  }
}

const portOf = (role: RoleName) => `${role.toUpperCase()}_PORT`;
