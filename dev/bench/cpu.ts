import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

const TICKS_PER_SECOND = 100;

interface Reading {
  readonly atMs: number;
  readonly busyS: number;
  /** Seconds by name of the process. */
  readonly processes: ReadonlyMap<string, number>;
  /** Seconds by name of the process and kind of thread, of processes that run Node. */
  readonly threads: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What processors did meanwhile, in cores; where /proc is missing, only the load average. */
export interface CpuUse {
  readonly load1m: number;
  readonly seconds: number;
  readonly cores: Readonly<Record<string, number>>;
  /** The same of Node's processes by kind of thread. */
  readonly threads: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What processes that are not ours used: on a quiet machine near 0. */
  readonly others: number | undefined;
}

/** Milliseconds of CPU that one order took. */
export interface CpuPerOrder {
  readonly totalMs: number;
  readonly processesMs: Readonly<Record<string, number>>;
  /** Of all roles together. */
  readonly threadsMs: Readonly<Record<string, number>>;
}

/** Part of the measurement, and not of an order. */
const NOT_THE_PRODUCT: ReadonlySet<string> = new Set(['generator', 'floor', 'bare']);

/** Undefined where /proc is missing. */
export function cpuPerOrder(use: CpuUse, perSecond: number): CpuPerOrder | undefined {
  if (use.others === undefined) return undefined;
  const ofProduct = <Value>(all: Readonly<Record<string, Value>>) =>
    Object.entries(all).filter(([name]) => !NOT_THE_PRODUCT.has(name));
  const perOrderMs = (cores: number) => (cores / perSecond) * 1000;
  const threadsMs: Record<string, number> = {};
  for (const [, threads] of ofProduct(use.threads))
    for (const [kind, cores] of Object.entries(threads)) threadsMs[kind] = (threadsMs[kind] ?? 0) + perOrderMs(cores);
  const processesMs = Object.fromEntries(ofProduct(use.cores).map(([name, cores]) => [name, perOrderMs(cores)]));
  return { totalMs: Object.values(processesMs).reduce((sum, one) => sum + one, 0), processesMs, threadsMs };
}

/** Reads the CPU time of named processes and their descendants around some work. */
export class CpuWatch {
  private readonly before: Reading | undefined;

  constructor(private readonly processes: () => Readonly<Record<string, number>>) {
    this.before = read(processes());
  }

  use(): CpuUse {
    const [load1m = 0] = loadavg();
    const { before } = this;
    const after = read(this.processes());
    if (!before || !after) return { load1m, seconds: 0, cores: {}, threads: {}, others: undefined };
    const seconds = (after.atMs - before.atMs) / 1000;
    const used = (now: ReadonlyMap<string, number>, then: ReadonlyMap<string, number> | undefined) =>
      Object.fromEntries(
        [...now].map(([name, total]) => [name, Math.max(0, (total - (then?.get(name) ?? 0)) / seconds)]),
      );
    const cores = used(after.processes, before.processes);
    const threads = Object.fromEntries(
      [...after.threads].map(([name, now]) => [name, used(now, before.threads.get(name))]),
    );
    const ours = Object.values(cores).reduce((sum, one) => sum + one, 0);
    return { load1m, seconds, cores, threads, others: Math.max(0, (after.busyS - before.busyS) / seconds - ours) };
  }
}

/** Seconds of CPU that a process has used since its start; undefined where /proc is missing. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = statOf(`/proc/${pid}`);
  return stat && stat.ticks / TICKS_PER_SECOND;
}

function read(processes: Readonly<Record<string, number>>): Reading | undefined {
  if (!existsSync('/proc/stat')) return undefined;
  const children = new Map<number, number[]>();
  const used = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(`/proc/${name}`) : undefined;
    if (!stat) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(name)]);
    used.set(Number(name), (stat.ticks + stat.ticksOfEndedChildren) / TICKS_PER_SECOND);
  }
  const named = new Set(Object.values(processes));
  const total = (pid: number): number =>
    (children.get(pid) ?? [])
      .filter((child) => !named.has(child))
      .reduce((sum, child) => sum + total(child), used.get(pid) ?? 0);
  const entries = Object.entries(processes);
  return {
    atMs: performance.now(),
    busyS: busySeconds(),
    processes: new Map(entries.map(([name, pid]) => [name, total(pid)])),
    threads: new Map(
      entries.flatMap(([name, pid]) => {
        const threads = threadsOf(pid);
        return threads ? [[name, threads]] : [];
      }),
    ),
  };
}

/** V8's four workers and its scheduler: Node 20 gives them its own name and starts them before anything else. */
const V8_THREADS = 5;

/** Seconds by kind of thread; undefined of a process that does not run Node. */
function threadsOf(pid: number): Map<string, number> | undefined {
  const main = statOf(`/proc/${pid}`)?.name;
  if (main !== 'node' && main !== 'MainThread') return undefined;
  const threads = readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    const stat = statOf(`/proc/${pid}/task/${id}`);
    return stat ? [{ ...stat, id: Number(id) }] : [];
  });
  const inOrder = threads.sort((a, b) => a.startedAt - b.startedAt || a.id - b.id);
  const seconds = new Map<string, number>();
  let unnamed = 0;
  for (const { id, name, ticks } of inOrder) {
    const kind = id === pid ? 'main' : kindOf(name, name === main ? ++unnamed : undefined);
    seconds.set(kind, (seconds.get(kind) ?? 0) + ticks / TICKS_PER_SECOND);
  }
  return seconds;
}

function kindOf(name: string, rank: number | undefined): string {
  if (name.startsWith('tokio') || name.startsWith('temporal')) return 'tokio';
  if (name.startsWith('V8') || name.startsWith('DelayedTask')) return 'V8';
  if (rank !== undefined) return rank <= V8_THREADS ? 'V8' : 'workflows and libuv';
  return name.startsWith('libuv') || name.startsWith('Worker') ? 'workflows and libuv' : 'other';
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  /** User and system time. */
  readonly ticks: number;
  readonly ticksOfEndedChildren: number;
  /** In ticks since the machine started. */
  readonly startedAt: number;
}

/** Of a process or of a thread; undefined when it has ended. */
function statOf(folder: string): Stat | undefined {
  try {
    const text = readFileSync(`${folder}/stat`, 'utf8');
    // The name, which may hold anything, is in parentheses.
    const end = text.lastIndexOf(')');
    const fields = text
      .slice(end + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, userOfChildren = 0, systemOfChildren = 0] = fields.slice(11);
    return {
      name: text.slice(text.indexOf('(') + 1, end),
      parent,
      ticks: user + system,
      ticksOfEndedChildren: userOfChildren + systemOfChildren,
      startedAt: fields[19] ?? 0,
    };
  } catch {
    return undefined;
  }
}

/** Resident memory of a process; NaN where /proc is missing or the process has ended. */
export function memoryMiBOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
