import { randomBytes } from 'node:crypto';
import { loadSettings } from '../../config/load';
import { freePorts } from '../../dev/stack/ports';
import { stackRemove, stackUp } from '../../dev/stack/stack';
import { migrate } from '../../processes/migrate';
import { FAST_DELAYS, roleEnvironment, type Settings, type SystemAddresses } from './environment';
import { type RoleName, RoleProcess } from './role-process';
import { Teardown } from './teardown';

/** A whole system of its own, on free ports: engines, migration, sandbox and every role as a process. */
export class TestSystem {
  private readonly teardown = new Teardown();
  private readonly roles = new Map<RoleName, RoleProcess>();
  private running: SystemAddresses | undefined;

  /** `settings` are those of every role. */
  constructor(
    readonly stackName: string,
    private readonly settings: Settings = FAST_DELAYS,
    private readonly log: (line: string) => void = () => undefined,
  ) {}

  get addresses(): SystemAddresses {
    if (!this.running) throw new Error(`the system ${this.stackName} has not started`);
    return this.running;
  }

  async start(): Promise<void> {
    this.teardown.defer(() => stackRemove(this.stackName));
    const stack = await stackUp({ name: this.stackName, ports: 'free', log: this.log });
    const [relay, bridge, worker] = await freePorts(3);
    const local = (port: number | undefined) => `http://127.0.0.1:${port}`;
    this.running = {
      ...stack,
      stackName: this.stackName,
      jwtSecret: randomBytes(32).toString('hex'),
      webhookSecret: randomBytes(32).toString('hex'),
      sessionSecret: randomBytes(32).toString('hex'),
      probes: { relay: local(relay), bridge: local(bridge), worker: local(worker) },
    };
    await migrate(loadSettings(this.environment), this.log);
    this.teardown.defer(() => Promise.all([...this.roles.values()].map((role) => role.close())));
    await this.startRole('sandbox');
    const starts = (['worker', 'bridge', 'relay', 'api'] as const).map((name) => this.startRole(name));
    for (const start of await Promise.allSettled(starts)) if (start.status === 'rejected') throw start.reason;
  }

  role(name: RoleName): RoleProcess {
    const role = this.roles.get(name);
    if (!role) throw new Error(`no ${name} runs`);
    return role;
  }

  /** Starts a role, for the first time or after its end, with the settings of before and these. */
  async startRole(name: RoleName, settings: Settings = {}): Promise<void> {
    this.roles.set(name, await RoleProcess.start(name, { ...this.environment, ...settings }));
  }

  /** Ends every role and removes the engines' data; it may have started only in part. */
  close(): Promise<void> {
    return this.teardown.close();
  }

  private get environment(): NodeJS.ProcessEnv {
    return roleEnvironment(this.addresses, this.settings);
  }
}
