import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEngine } from '../../../dev/stack/stack';
import { readKeeper, stackFolder } from '../../../dev/stack/stack-folder';
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
  await Promise.all(pids.map((pid) => limit(pid, '0')));
  try {
    // Both end themselves where they can write no log.
    await until(
      `${of} to end`,
      async () => isThere(keeper.pid),
      (isRunning) => !isRunning,
      FULL_WITHIN_MS,
    );
    stage.injected({
      fault: `disk full for ${of}: it ended`,
      pid: keeper.pid,
      what: `RLIMIT_FSIZE 0 of ${pids.length}`,
    });
  } finally {
    await Promise.all(pids.map((pid) => limit(pid, 'unlimited')));
    await startEngine(stackName, of);
  }
}

async function sandboxIsFull(stage: Stage): Promise<void> {
  // The role's own process only keeps the one that has the journal.
  const [pid] = childrenOf(stage.system.role('sandbox').pid);
  if (pid === undefined) throw new Error('the sandbox has no process');
  const journal = join(stackFolder(stage.shop.system.stackName), 'sandbox', 'journal.jsonl');
  const { size } = statSync(journal);
  // A log, which is shorter, has room.
  await limit(pid, String(size));
  try {
    const problem = await until(
      "the sandbox's journal to fail",
      async () => {
        const signal = AbortSignal.timeout(2_000);
        return fetch(`${stage.shop.system.sandbox}/readyz`, { signal }).then(
          (response) => response.text(),
          (error: Error) => error.message,
        );
      },
      (text) => text.includes('JOURNAL_FAILED'),
      FULL_WITHIN_MS,
    ).catch((error: Error) => {
      const allowed = /^Max file size.*$/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[0];
      throw new Error(`${error.message}; process ${pid}: ${allowed}; journal: ${size}, now ${statSync(journal).size}`);
    });
    stage.injected({ fault: "disk full for the sandbox's journal", pid, what: problem });
  } finally {
    await limit(pid, 'unlimited');
    await stage.system.role('sandbox').end('SIGKILL');
    // It ends with its parent, and has the port until then.
    await until(
      'the sandbox to end',
      async () => isThere(pid),
      (isRunning) => !isRunning,
      FULL_WITHIN_MS,
    );
    await stage.start('sandbox');
  }
}

/** No file of the process can grow beyond so many bytes; its owner may say so, and not even root for another. */
async function limit(pid: number, bytes: string): Promise<void> {
  try {
    const { uid, gid } = statSync(`/proc/${pid}`);
    await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { uid, gid });
  } catch (error) {
    // One that has ended writes nothing anyway.
    if (isThere(pid)) throw error;
  }
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
