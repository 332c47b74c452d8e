import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StackAddresses } from '../../dev/stack/stack';

/** What a running test system is, for those who talk to it. */
export interface SystemAddresses extends StackAddresses {
  readonly stackName: string;
  readonly jwtSecret: string;
  readonly webhookSecret: string;
  readonly probes: Readonly<Record<'relay' | 'bridge' | 'worker', string>>;
}

export type RoleName = 'sandbox' | 'worker' | 'bridge' | 'relay' | 'api';

/**
 * Delays of the test system, short enough to wait for, and long enough that a machine which stands still for a moment
 * is no outage; long timers are tested with time skipping.
 */
export const FAST_DELAYS = {
  PROVIDER_FAST_TIMEOUT_MS: '1500',
  PROVIDER_TIMEOUT_MS: '4000',
  PROCESSING_BUDGET_MS: '7000',
  RETRY_DELAY_MS: '4000',
  MAX_RETRIES: '2',
  UNDO_PATIENCE_MS: '4500',
  UNDO_RETRY_MS: '3000',
  // Orders that a test makes without announcing them are not lost.
  LOST_AFTER_MS: '3600000',
} as const;

/** For systems of which roles are stopped: a call can be caught in its middle, and a budget outlives a restart. */
export const PATIENT_DELAYS = {
  ...FAST_DELAYS,
  PROVIDER_FAST_TIMEOUT_MS: '30000',
  PROVIDER_TIMEOUT_MS: '30000',
  PROCESSING_BUDGET_MS: '90000',
} as const;

const ROOT = join(__dirname, '..', '..');
const START_WITHIN_MS = 120_000;

/** One role as a process of its own, so that it can be killed. */
export class RoleProcess {
  private constructor(
    readonly role: RoleName,
    private readonly child: ChildProcess,
  ) {}

  /** Starts a role and waits until it says that it has started; its log goes to the stack's folder. */
  static async start(role: RoleName, env: NodeJS.ProcessEnv, logFolder: string): Promise<RoleProcess> {
    mkdirSync(logFolder, { recursive: true });
    const logFile = join(logFolder, `${role}.log`);
    const log = openSync(logFile, 'a');
    const child = fork(join(ROOT, 'processes', 'main.ts'), ['--role', role], {
      cwd: ROOT,
      env,
      execArgv: ['--import', pathToFileURL(require.resolve('tsx')).href],
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
    return new RoleProcess(role, child);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** SIGSTOP holds the process as it stands, SIGCONT lets it go on. */
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
}
