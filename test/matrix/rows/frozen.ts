import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RoleName, RoleProcess } from '../../support/role-process';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';

/** Where a worker is frozen that another then overtakes: what it writes when it resumes is of a time that is over. */
const POINTS = {
  'worker before it settles': 'attempt settle before',
  'worker before it cancels': 'order cancel before',
  'worker before it completes a step': 'payment do outcome before',
} as const;
const ROLES = ['worker', 'bridge', 'relay', 'api'] as const;
type Frozen = keyof typeof POINTS | (typeof ROLES)[number];

export const frozen: Row = {
  name: 'frozen',
  title: 'a worker, bridge, relay or api that freezes for 5, 15 or 60 s and then resumes, while a second one works',
  times: 80,
  small: 2,
  customers: 5,
  invariants: ['I1', 'I2', 'I3', 'I5', 'I6', 'I7', 'I10'],
  async run(stage, times) {
    const what = [...ROLES, ...Object.keys(POINTS)] as Frozen[];
    // Temporal gives a workflow task to another worker after 10 s.
    const seconds = times < 20 ? [5, 15] : [5, 15, 60];
    const cases = drawPairwise(stage.random, { what, seconds }, times);
    const roleOf = (one: Frozen) => (one in POINTS ? 'worker' : one) as RoleName;
    const of = (role: RoleName) => cases.filter((one) => roleOf(one.what) === role);
    await stage.supervised(async () => {
      const lanes = ROLES.map((role) => freezeInTurn(stage, role, of(role)));
      for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason;
    });
  },
};

/** Of the workers two are frozen at a time, of three; of any other role one of two. */
async function freezeInTurn(
  stage: Stage,
  role: RoleName,
  cases: readonly { readonly what: Frozen; readonly seconds: number }[],
): Promise<void> {
  const queue = [...cases];
  const others: RoleProcess[] = [];
  const atOnce = role === 'worker' && cases.length > 5 ? 2 : 1;
  try {
    for (let index = 0; index < atOnce; index++) others.push(await stage.another(role));
    if (role === 'api') stage.apis = [stage.shop.system.api, ...others.map(({ url }) => url)];
    const work = async (index: number) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (!others[index]?.isRunning) others[index] = await stage.another(role);
        await freeze(stage, others[index] as RoleProcess, next.what, next.seconds);
      }
    };
    await Promise.all(others.map((_, index) => work(index)));
  } finally {
    stage.apis = role === 'api' ? [stage.shop.system.api] : stage.apis;
    await Promise.all(others.map((other) => other.close()));
  }
}

async function freeze(stage: Stage, process: RoleProcess, what: Frozen, seconds: number): Promise<void> {
  if (what in POINTS) {
    const point = POINTS[what as keyof typeof POINTS];
    if (!(await stage.meets(process, { point, signal: 'SIGSTOP' }))) {
      stage.problems.push(`${point} was not passed`);
      return;
    }
  } else {
    process.freeze();
    stage.injected({ fault: `SIGSTOP of a ${what} for ${seconds} s`, pid: process.pid });
  }
  await pause(seconds * 1_000);
  const state = stateOf(process.pid);
  if (state !== 'T') stage.problems.push(`process ${process.pid} was to be frozen, and is in state ${state}`);
  process.freeze(false);
}

/** As the operating system shows it: T is stopped. */
const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
