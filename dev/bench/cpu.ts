import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

const TICKS_PER_SECOND = 100;

interface Reading {
  readonly atMs: number;
  readonly busyS: number;
  readonly ofProcess: ReadonlyMap<string, number>;
}

/** What processors did meanwhile, in cores; where /proc is missing, only the load average. */
export interface CpuUse {
  readonly load1m: number;
  readonly cores: Readonly<Record<string, number>>;
  /** What processes that are not ours used: on a quiet machine near 0. */
  readonly others: number | undefined;
}

/** Reads the CPU time of named processes and their descendants around some work. */
export class CpuWatch {
  private readonly before: Reading | undefined;

  constructor(private readonly processes: () => Readonly<Record<string, number>>) {
    this.before = read(processes());
  }

  use(): CpuUse {
    const [load1m = 0] = loadavg();
    const after = read(this.processes());
    if (!this.before || !after) return { load1m, cores: {}, others: undefined };
    const { before } = this;
    const seconds = (after.atMs - before.atMs) / 1000;
    const cores: Record<string, number> = {};
    for (const [name, total] of after.ofProcess)
      cores[name] = Math.max(0, (total - (before.ofProcess.get(name) ?? 0)) / seconds);
    const ours = Object.values(cores).reduce((sum, one) => sum + one, 0);
    return { load1m, cores, others: Math.max(0, (after.busyS - before.busyS) / seconds - ours) };
  }
}

function read(processes: Readonly<Record<string, number>>): Reading | undefined {
  if (!existsSync('/proc/stat')) return undefined;
  const parents = new Map<number, number[]>();
  const used = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (!fields) continue;
    const parent = Number(fields[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    // Own user and system time, and that of children that have ended.
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    used.set(Number(name), ticks / TICKS_PER_SECOND);
  }
  const ofProcess = new Map<string, number>();
  const named = new Set(Object.values(processes));
  const total = (pid: number): number =>
    (parents.get(pid) ?? [])
      .filter((child) => !named.has(child))
      .reduce((sum, child) => sum + total(child), used.get(pid) ?? 0);
  for (const [name, pid] of Object.entries(processes)) ofProcess.set(name, total(pid));
  return { atMs: performance.now(), busyS: busySeconds(), ofProcess };
}

/** The fields of /proc/PID/stat after the name, which may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
