import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FAST_DELAYS, type Settings } from '../support/environment';
import { type RoleName, RoleProcess } from '../support/role-process';
import { Shop } from '../support/shop';
import { TestSystem } from '../support/test-system';
import { until } from '../support/until';
import { Customers } from './customers';
import type { Armed, Passed } from './fault-point';
import { Network } from './network/network';
import { OrderWatch } from './order-watch';
import { Random } from './random';
import type { Injection } from './row';
import { Outside } from './witness/outside';

const ROOT = join(__dirname, '..', '..');
const PASSED_WITHIN_MS = 90_000;
/** With a retry that waits, a restarted engine and a saga that parks in between. */
const PATIENCE_MS = 180_000;

/** The roles' settings: minutes become seconds, and what is loaded before them has names for the points of their code. */
const requires = [
  'processes/typescript.cjs',
  ...['fault-points', 'routes', 'clock'].map((file) => `test/matrix/inside/${file}.ts`),
];
const LOADED_FIRST = requires.map((file) => `--require ${join(ROOT, file)}`).join(' ');

/** What the rows of a run share: one system, which each row breaks and leaves whole. */
export class Theatre {
  readonly system: TestSystem;
  readonly network: Network;
  /** With which settings of its own a role runs, besides those of all. */
  readonly roleSettings = new Map<RoleName, Settings>();
  private outside: Outside | undefined;
  private opened: Shop | undefined;

  constructor(
    name: string,
    private readonly evidenceFile: string,
    log: (line: string) => void = () => undefined,
    links: 'toxiproxy' | 'tcp' = 'tcp',
  ) {
    this.system = new TestSystem(name, this.settings, log);
    this.network = new Network(links, log);
  }

  get settings(): Settings {
    return { ...FAST_DELAYS, NODE_OPTIONS: LOADED_FIRST, MATRIX_EVIDENCE: this.evidenceFile };
  }

  async open(): Promise<void> {
    await this.system.start();
    this.outside = new Outside(this.system.addresses);
    this.opened = new Shop(this.system);
  }

  async close(): Promise<void> {
    await this.opened?.close();
    await this.outside?.close();
    await this.system.close();
    await this.network.close();
  }

  /** The same system with nothing injected yet. */
  stage(seed: number, patienceMs = PATIENCE_MS): Stage {
    if (!this.outside || !this.opened) throw new Error('the theatre is not open');
    return new Stage(this, this.outside, this.opened, this.evidenceFile, seed, patienceMs);
  }
}

/** What a row works on: the system, its customers, and a record of what was done to it. */
export class Stage {
  readonly injections: Injection[] = [];
  readonly random: Random;
  readonly watch: OrderWatch;
  readonly customers: Customers;
  /** Where customers reach the api. */
  apis: string[];
  /** Problems that a row sees for itself. */
  readonly problems: string[] = [];
  /** Figures that a row has measured. */
  readonly notes: string[] = [];
  /** Roles whose end is meant. */
  readonly unsupervised = new Set<RoleName>();
  private supervision: Promise<void> | undefined;

  constructor(
    private readonly theatre: Theatre,
    readonly outside: Outside,
    readonly shop: Shop,
    private readonly evidenceFile: string,
    seed: number,
    /** How long anything may take to settle. */
    readonly patienceMs: number,
  ) {
    this.random = new Random(seed);
    this.watch = new OrderWatch(outside, patienceMs);
    this.apis = [shop.system.api];
    this.customers = new Customers(shop, this.watch, new Random(seed + 1), patienceMs, () => this.apis);
  }

  get system(): TestSystem {
    return this.theatre.system;
  }

  /** A second process of a role, on a port of its own. */
  another(role: RoleName, settings: Settings = {}): Promise<RoleProcess> {
    return RoleProcess.startAnother(role, this.shop.system, { ...this.theatre.settings, ...settings });
  }

  get network(): Network {
    return this.theatre.network;
  }

  /** Starts a role that has ended, with settings of its own, which it keeps; unless given, those of before. */
  async start(role: RoleName, settings: Settings = this.theatre.roleSettings.get(role) ?? {}): Promise<void> {
    this.theatre.roleSettings.set(role, settings);
    await this.system.startRole(role, settings);
  }

  /**
   * Starts a role again whenever its process has ended by itself while `work` goes on, as what runs containers does: a process
   * that cannot go on ends. That is no fault, and nothing is injected by it.
   */
  async supervised<Result>(work: () => Promise<Result>): Promise<Result> {
    let isOver = false;
    this.supervision = (async () => {
      while (!isOver) {
        await pause(500);
        await this.startEnded();
      }
    })();
    try {
      return await work();
    } finally {
      isOver = true;
      await this.supervision;
      await this.startEnded(60);
    }
  }

  private async startEnded(tries = 1): Promise<void> {
    for (const role of ['worker', 'bridge', 'relay', 'api'] as const)
      for (let left = tries; left > 0 && !this.unsupervised.has(role) && !this.system.role(role).isRunning; left--)
        // What it needs may still be away: then it ends again, and is started again.
        await this.start(role).catch(() => pause(500));
  }

  /** Replaces a role's process by one with more settings, or by one as before. */
  async replace(role: RoleName, settings: Settings = {}): Promise<void> {
    await this.system.role(role).close();
    await this.start(role, settings);
  }

  get settings(): Settings {
    return this.theatre.settings;
  }

  injected(injection: Omit<Injection, 'at'> & { readonly at?: string }): void {
    this.injections.push({ ...injection, at: injection.at ?? new Date().toISOString() });
  }

  /** Arms a fault point in a process, and waits until the process has met it; undefined: it has not been passed in time. */
  async meets(
    process: RoleProcess,
    fault: Omit<Armed, 'id'>,
    withinMs = PASSED_WITHIN_MS,
  ): Promise<Passed | undefined> {
    const id = randomUUID();
    process.send({ arm: { ...fault, id } });
    const met = await until(
      `${fault.point} to be passed`,
      async () => this.evidence().find((passed) => passed.id === id),
      Boolean,
      withinMs,
    ).catch(() => undefined);
    if (!met) return undefined;
    if (fault.signal !== 'HOLD')
      this.injected({ fault: `${fault.signal} at ${fault.point}`, pid: met.pid, what: met.what, at: met.at });
    if (fault.signal === 'SIGKILL') await process.ended;
    return met;
  }

  /** What processes have written down. */
  evidence(): Passed[] {
    if (!existsSync(this.evidenceFile)) return [];
    const lines = readFileSync(this.evidenceFile, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Passed);
  }
}
