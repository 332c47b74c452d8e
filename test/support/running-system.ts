import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { loadSettings, stackFolder } from '../../config/load';
import { freePorts } from '../../dev/stack/ports';
import { stackRemove, stackUp } from '../../dev/stack/stack';
import { migrate } from '../../processes/migrate';
import { roleEnvironment } from './environment';
import { FAST_DELAYS, type RoleName, RoleProcess, type SystemAddresses } from './system';

/** A whole system of its own, on free ports: engines, migration, sandbox and every role as a process. */
export class RunningSystem {
  private readonly roles = new Map<RoleName, RoleProcess>();

  private constructor(
    readonly addresses: SystemAddresses,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** `settings` are environment variables of every role; what was started ends again if a part can't start. */
  static async start(
    stackName: string,
    say: (line: string) => void = () => undefined,
    settings: Readonly<Record<string, string>> = FAST_DELAYS,
  ): Promise<RunningSystem> {
    let system: RunningSystem | undefined;
    try {
      const stack = await stackUp({ name: stackName, ports: 'free', log: say });
      const [relay, bridge, worker] = await freePorts(3);
      const addresses: SystemAddresses = {
        ...stack,
        stackName,
        jwtSecret: randomBytes(32).toString('hex'),
        webhookSecret: randomBytes(32).toString('hex'),
        probes: {
          relay: `http://127.0.0.1:${relay}`,
          bridge: `http://127.0.0.1:${bridge}`,
          worker: `http://127.0.0.1:${worker}`,
        },
      };
      system = new RunningSystem(addresses, roleEnvironment(addresses, settings));
      await migrate(loadSettings(system.env), say);
      await system.startRole('sandbox');
      await system.startRoles('worker', 'bridge', 'relay', 'api');
      return system;
    } catch (error) {
      await (system ? system.stop() : stackRemove(stackName));
      throw error;
    }
  }

  role(name: RoleName): RoleProcess {
    const role = this.roles.get(name);
    if (!role) throw new Error(`no ${name} runs`);
    return role;
  }

  /** Starts a role, for the first time or after its end, with the settings of before. */
  async startRole(name: RoleName): Promise<void> {
    this.roles.set(name, await RoleProcess.start(name, this.env, join(stackFolder(this.env), 'role-logs')));
  }

  private async startRoles(...names: readonly RoleName[]): Promise<void> {
    const outcomes = await Promise.allSettled(names.map((name) => this.startRole(name)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Ends every role and removes the engines' data. */
  async stop(): Promise<void> {
    await Promise.all([...this.roles.values()].map((role) => role.end('SIGTERM')));
    await stackRemove(this.addresses.stackName);
  }
}
