import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startEngine } from '../../../dev/stack/stack';
import { readKeeper } from '../../../dev/stack/stack-folder';
import { programNamed } from '../../../dev/stack/tools';
import { until } from '../../support/until';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { untilReady } from './readiness';

const run = promisify(execFile);

const DIMENSIONS = { of: ['postgres', 'kafka', 'sandbox'] } as const;
const FULL_WITHIN_MS = 60_000;

/** A limit on the size of files can be set for a running process on Linux only. */
const isPossible = process.platform === 'linux' && programNamed('prlimit') !== undefined;

export const diskFull: Row = {
  name: 'disk-full',
  title: "no byte more fits on the disk of Postgres, of Kafka, or of the sandbox's journal, until somebody makes room",
  times: isPossible ? 6 : 0,
  small: isPossible ? 3 : 0,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7'],
  async run(stage, times) {
    const cases = drawPairwise(stage.random, DIMENSIONS, times);
    await stage.supervised(async () => {
      if (times <= diskFull.small) await Promise.all(cases.map(({ of }) => isFull(stage, of)));
      else
        for (const { of } of cases) {
          await isFull(stage, of);
          await stage.customers.more(3);
        }
    });
    await untilReady(stage);
  },
};

async function isFull(stage: Stage, of: (typeof DIMENSIONS.of)[number]): Promise<void> {
  if (of === 'sandbox') return sandboxIsFull(stage);
  const { stackName } = stage.shop.system;
  const keeper = await readKeeper(stackName, of);
  if (!keeper || keeper === 'docker') throw new Error(`the stack runs no process of ${of}`);
  const pids = [keeper.pid, ...childrenOf(keeper.pid)];
  await Promise.all(pids.map(fill));
  // Both end themselves where they can write no log.
  await until(
    `${of} to end`,
    async () => isThere(keeper.pid),
    (isRunning) => !isRunning,
    FULL_WITHIN_MS,
  );
  stage.injected({ fault: `disk full for ${of}: it ended`, pid: keeper.pid, what: `RLIMIT_FSIZE 0 of ${pids.length}` });
  await startEngine(stackName, of);
}

async function sandboxIsFull(stage: Stage): Promise<void> {
  const { pid } = stage.system.role('sandbox');
  await fill(pid);
  const problem = await until(
    "the sandbox's journal to fail",
    async () => (await fetch(`${stage.shop.system.sandbox}/readyz`)).text(),
    (text) => text.includes('JOURNAL_FAILED'),
    FULL_WITHIN_MS,
  );
  stage.injected({ fault: "disk full for the sandbox's journal", pid, what: problem });
  await stage.system.role('sandbox').end('SIGKILL');
  await stage.start('sandbox');
}

/** Every write of the process that would make a file longer than nothing fails from now on. */
async function fill(pid: number): Promise<void> {
  // One that ended meanwhile writes nothing anyway.
  await run('prlimit', ['--pid', String(pid), '--fsize=0:']).catch(() => undefined);
}

function isThere(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Boolean);
  return pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
    } catch {
      return false;
    }
  });
}
