import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings, stackFolder } from '../../config/load';
import { type Db, openDatabase } from '../../db/connection';
import { migrate } from '../../processes/migrate';
import { Child } from '../child';
import { freePorts } from '../stack/ports';
import { type StackAddresses, stackRemove, stackUp } from '../stack/stack';

/** How the roles are spread over processes; the sandbox is always one of its own. */
export const LAYOUTS = ['one', 'two'] as const;
export type Layout = (typeof LAYOUTS)[number];

const GROUPS: Readonly<Record<Layout, readonly string[]>> = {
  one: ['sandbox,worker,bridge,relay,api'],
  two: ['sandbox', 'worker,bridge', 'relay,api'],
};

/** A stack of the benchmark's own with the roles on it, in the environment of production but for the sandbox. */
export class BenchSystem {
  private readonly children: Child[] = [];

  private constructor(
    readonly stackName: string,
    readonly addresses: StackAddresses,
    readonly env: NodeJS.ProcessEnv,
    readonly db: Db,
    private readonly profileFolder: string | undefined,
  ) {}

  static async up(
    stackName: string,
    profileFolder: string | undefined,
    log: (line: string) => void,
  ): Promise<BenchSystem> {
    const addresses = await stackUp({ name: stackName, ports: 'free', log });
    const env = await roleEnvironment(stackName, addresses);
    await migrate(loadSettings(env), () => undefined);
    mkdirSync(logFolder(env), { recursive: true });
    const db = openDatabase({ url: addresses.postgres, poolMax: 4, applicationName: 'bench' });
    return new BenchSystem(stackName, addresses, env, db, profileFolder);
  }

  get jwtSecret(): string {
    return this.env.JWT_SECRET as string;
  }

  async startRoles(layout: Layout): Promise<void> {
    for (const group of GROUPS[layout]) await this.startRole(group);
  }

  /** One process with these roles, separated by commas. */
  startRole(roles: string): Promise<Child> {
    return this.start('processes/main.ts', roles, ['--role', roles]);
  }

  async start(file: string, name: string, args: readonly string[] = []): Promise<Child> {
    const logFile = join(logFolder(this.env), `${name.replaceAll(',', '-')}.log`);
    const child = await Child.start({ name, file, args, env: this.env, logFile, profileFolder: this.profileFolder });
    this.children.push(child);
    return child;
  }

  /** Processes of ours that run now, by name. */
  get processes(): Record<string, number> {
    return Object.fromEntries(this.children.map((child) => [child.name, child.pid]));
  }

  async end(child: Child, deadlineMs?: number): Promise<void> {
    this.children.splice(this.children.indexOf(child), 1);
    await child.end(deadlineMs);
  }

  async endChildren(deadlineMs?: number): Promise<void> {
    await Promise.all(this.children.splice(0).map((child) => child.end(deadlineMs)));
  }

  /** Ends every process and removes the stack with its data. */
  async remove(): Promise<void> {
    await this.endChildren(3_000);
    await this.db.destroy();
    await stackRemove(this.stackName);
  }
}

const logFolder = (env: NodeJS.ProcessEnv) => join(stackFolder(env), 'role-logs');

async function roleEnvironment(stackName: string, addresses: StackAddresses): Promise<NodeJS.ProcessEnv> {
  const { PATH, HOME, ORDERSAGA_HOME, XDG_CACHE_HOME } = process.env;
  const [relay, bridge, worker] = await freePorts(3);
  return {
    ...{ PATH, HOME },
    ...(ORDERSAGA_HOME ? { ORDERSAGA_HOME } : {}),
    ...(XDG_CACHE_HOME ? { XDG_CACHE_HOME } : {}),
    // Not `production`, which refuses the sandbox's money; nothing else that runs here depends on it.
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    STACK: stackName,
    TEMPORAL_ADDRESS: addresses.temporal,
    KAFKA_BROKERS: addresses.kafka,
    DATABASE_URL: addresses.postgres,
    ...(addresses.redis ? { REDIS_URL: addresses.redis } : {}),
    SANDBOX_URL: addresses.sandbox,
    API_PORT: new URL(addresses.api).port,
    RELAY_PORT: String(relay),
    BRIDGE_PORT: String(bridge),
    WORKER_PORT: String(worker),
    JWT_SECRET: randomBytes(32).toString('hex'),
    CARRIER_WEBHOOK_SECRET: randomBytes(32).toString('hex'),
  };
}
