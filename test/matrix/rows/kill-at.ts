import type { RoleName, RoleProcess } from '../../support/role-process';
import type { Armed } from '../fault-point';
import type { Stage } from '../stage';

export type KillPoint = Pick<Armed, 'point' | 'about'>;

/**
 * Kills processes of a role at these points, one point after the other, and starts each again. So many processes run at the
 * same time, each armed with its own point: what one leaves half done, another goes on with while it is being started again.
 */
export function killAt(
  stage: Stage,
  role: RoleName,
  points: readonly KillPoint[],
  processes: number,
  started?: (all: readonly RoleProcess[]) => void,
): Promise<void> {
  const kill = async (process: RoleProcess, one: KillPoint) => {
    const met = await stage.meets(process, { ...one, signal: 'SIGKILL' });
    if (!met) stage.problems.push(`${one.point}${one.about ? ` of ${one.about}` : ''} was not passed`);
  };
  return onEachProcess(stage, role, points, processes, kill, started);
}

/** Takes the cases one after the other, each in one of so many processes of a role; one that has ended is started again. */
export async function onEachProcess<Case>(
  stage: Stage,
  role: RoleName,
  cases: readonly Case[],
  processes: number,
  act: (process: RoleProcess, one: Case) => Promise<void>,
  started: (all: readonly RoleProcess[]) => void = () => undefined,
): Promise<void> {
  const queue = [...cases];
  const running: RoleProcess[] = [];
  const start = async (index: number): Promise<RoleProcess> => {
    if (index > 0) running[index] = await stage.another(role);
    else {
      if (!stage.system.role(role).isRunning) await stage.system.startRole(role);
      running[0] = stage.system.role(role);
    }
    started(running.filter(Boolean));
    return running[index] as RoleProcess;
  };
  const work = async (index: number) => {
    let process = await start(index);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await act(process, next);
      if (!process.isRunning) process = await start(index);
    }
  };
  try {
    const lanes = Array.from({ length: Math.min(processes, cases.length) }, (_, index) => work(index));
    for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason;
  } finally {
    await Promise.all(running.slice(1).map((process) => process?.close()));
    if (!stage.system.role(role).isRunning) await stage.system.startRole(role);
    started([stage.system.role(role)]);
  }
}
