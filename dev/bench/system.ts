import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stackFolder } from '../../config/load';
import { type Db, openDatabase } from '../../db/connection';
import { Child, type ChildOptions } from '../child';
import { freePorts } from '../stack/ports';
import { postgresAdminUrl } from '../stack/postgres';
import { engineNames } from '../stack/settings';
import { type StackAddresses, stackRemove, stackUp } from '../stack/stack';
import { knownPlace, readKeeper } from '../stack/stack-folder';
import { loadStatementCounter, StatementCounter } from './statement-counter';

/** How the roles are spread over processes; the sandbox is always one of its own. */
export const LAYOUTS = ['one', 'two', 'each'] as const;
export type Layout = (typeof LAYOUTS)[number];

const GROUPS: Readonly<Record<Layout, readonly string[]>> = {
  one: ['sandbox', 'worker,bridge,relay,api'],
  two: ['sandbox', 'worker,bridge', 'relay,api'],
  each: ['sandbox', 'worker', 'bridge', 'relay', 'api'],
};

export interface SystemOptions {
  readonly stackName: string;
  /** The checkout whose roles run. */
  readonly root: string;
  readonly layout: Layout;
  /** Where roles write CPU profiles when they end; undefined: none. */
  readonly profileFolder: string | undefined;
  readonly countsStatements: boolean;
  /** More variables for the roles. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

interface Stack {
  readonly addresses: StackAddresses;
  readonly env: NodeJS.ProcessEnv;
  /** As a superuser: so the server counts the benchmark's statements apart from the product's. */
  readonly db: Db;
  readonly statements: StatementCounter | undefined;
  readonly engines: Readonly<Record<string, number>>;
}

/** A stack of the benchmark's own with a checkout's roles on it, in the environment of production but for the sandbox. */
export class BenchSystem {
  private readonly roles: Child[] = [];
  private readonly helpers = new Map<string, Promise<Child>>();
  private readonly started: Child[] = [];
  private hasEveryRole = false;
  /** Whether the roles have carried no order since they started. */
  isFresh = true;
  private fail: (error: unknown) => void = () => undefined;
  /** Rejects when a process that the benchmark has started ends by itself. */
  readonly failed = new Promise<never>((_, reject) => {
    this.fail = reject;
  });

  private constructor(
    private readonly options: SystemOptions,
    private readonly stack: Stack,
  ) {
    this.failed.catch(() => undefined);
  }

  static async up(options: SystemOptions): Promise<BenchSystem> {
    const { stackName, root, log } = options;
    const addresses = await stackUp({ name: stackName, ports: 'free', log });
    const env = { ...(await roleEnvironment(stackName, addresses)), ...options.env };
    mkdirSync(logFolder(env), { recursive: true });
    const adminUrl = await adminUrlOf(stackName, addresses.postgres);
    const isCounted = options.countsStatements && (await loadStatementCounter(stackName, adminUrl));
    await promisify(execFile)(process.execPath, ['dev/run.mjs', 'processes/migrate.ts'], { cwd: root, env });
    const db = openDatabase({ url: adminUrl, poolMax: 4, applicationName: 'bench', isUnhurried: true });
    const role = new URL(addresses.postgres).username;
    const statements = isCounted ? new StatementCounter(db, adminUrl, role) : undefined;
    const engines = await enginePids(stackName);
    return new BenchSystem(options, { addresses, env, db, statements, engines });
  }

  get addresses(): StackAddresses {
    return this.stack.addresses;
  }

  get db(): Db {
    return this.stack.db;
  }

  /** Undefined where the server cannot count statements, or was not asked to. */
  get statements(): StatementCounter | undefined {
    return this.stack.statements;
  }

  get jwtSecret(): string {
    return this.stack.env.JWT_SECRET as string;
  }

  /** Starts every role unless they all run. */
  async startRoles(): Promise<void> {
    if (this.hasEveryRole) return;
    for (const group of GROUPS[this.options.layout]) await this.startRole(group);
    this.hasEveryRole = true;
    this.isFresh = true;
  }

  /** One process with these roles, separated by commas, started as `npm start` starts it. */
  async startRole(names: string): Promise<Child> {
    const { root } = this.options;
    const role = await this.start({
      name: names,
      file: 'dev/run.mjs',
      args: ['processes/main.ts', '--role', names],
      root,
    });
    this.roles.push(role);
    return role;
  }

  get rolePids(): number[] {
    return this.roles.map(({ pid }) => pid);
  }

  async endRoles(deadlineMs?: number): Promise<void> {
    this.hasEveryRole = false;
    await Promise.all(this.roles.splice(0).map((role) => role.end(deadlineMs)));
  }

  /** Runs no-op workflows when asked, by Temporal's SDK as it is; started once. */
  floor(): Promise<Child> {
    return this.helper('floor', 'dev/bench/floor-process.ts', { WORKFLOW_STACK_TRACES: 'true' });
  }

  /** A bare Express; started once. */
  bare(): Promise<Child> {
    return this.helper('bare', 'dev/bench/bare-process.ts');
  }

  async endHelpers(): Promise<void> {
    const helpers = await Promise.all(this.helpers.values());
    this.helpers.clear();
    await Promise.all(helpers.map((helper) => helper.end()));
  }

  /** The processes whose CPU is reported, by name. */
  processes = (): Record<string, number> => ({
    ...this.stack.engines,
    ...Object.fromEntries(this.started.filter(({ isRunning }) => isRunning).map(({ name, pid }) => [name, pid])),
    generator: process.pid,
  });

  /** Ends every process and removes the stack with its data. */
  async remove(): Promise<void> {
    await Promise.all(this.started.map((child) => child.end(3_000)));
    await this.db.destroy();
    await stackRemove(this.options.stackName);
  }

  private helper(name: string, file: string, env?: NodeJS.ProcessEnv): Promise<Child> {
    const known = this.helpers.get(name);
    if (known) return known;
    const helper = this.start({ name, file, env });
    this.helpers.set(name, helper);
    return helper;
  }

  private async start(
    what: Omit<ChildOptions, 'env' | 'logFile'> & { readonly env?: NodeJS.ProcessEnv },
  ): Promise<Child> {
    const env = { ...this.stack.env, ...what.env };
    const logFile = join(logFolder(env), `${what.name.replaceAll(',', '-')}.log`);
    const child = await Child.start({ ...what, env, logFile, profileFolder: this.options.profileFolder });
    this.started.push(child);
    child.untilFailure().catch(this.fail);
    return child;
  }
}

const logFolder = (env: NodeJS.ProcessEnv) => join(stackFolder(env), 'role-logs');

async function adminUrlOf(stackName: string, databaseUrl: string): Promise<string> {
  const place = await knownPlace(stackName);
  if (!place) throw new Error(`the stack "${stackName}" is gone`);
  const url = new URL(postgresAdminUrl(place));
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
}

async function enginePids(stackName: string): Promise<Record<string, number>> {
  const keepers = await Promise.all(
    engineNames.map(async (name) => [name, await readKeeper(stackName, name)] as const),
  );
  return Object.fromEntries(
    keepers.flatMap(([name, keeper]) => (keeper && keeper !== 'docker' ? [[name, keeper.pid]] : [])),
  );
}

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
    SESSION_SECRET: randomBytes(32).toString('hex'),
    PUBLIC_URL: 'http://127.0.0.1',
  };
}
