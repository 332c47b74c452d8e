import type { RoleName, RoleProcess } from '../../support/role-process';
import type { Armed } from '../fault-point';
import type { Stage } from '../stage';

export type KillPoint = Pick<Armed, 'point' | 'about'>;

/**
 * Kills processes of a role at these points, one point after the other, and starts each again. So many processes run at the
 * same time, each armed with its own point: what one leaves half done, another goes on with while it is being started again.
 */
export async function killAt(
  stage: Stage,
  role: RoleName,
  points: readonly KillPoint[],
  processes: number,
  started: (all: readonly RoleProcess[]) => void = () => undefined,
): Promise<void> {
  const queue = [...points];
  const running: RoleProcess[] = [];
  const start = async (index: number) => {
    if (index === 0 && !running[0]) running[0] = stage.system.role(role);
    else if (index === 0) {
      await stage.system.startRole(role);
      running[0] = stage.system.role(role);
    } else running[index] = await stage.another(role);
    started(running.filter(Boolean));
  };
  const work = async (index: number) => {
    await start(index);
    for (let kill = queue.shift(); kill; kill = queue.shift()) {
      const met = await stage.meets(running[index] as RoleProcess, { ...kill, signal: 'SIGKILL' });
      if (met) await start(index);
      else stage.problems.push(`${kill.point}${kill.about ? ` of ${kill.about}` : ''} was not passed`);
    }
  };
  try {
    const lanes = Array.from({ length: Math.min(processes, points.length) }, (_, index) => work(index));
    for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason;
  } finally {
    await Promise.all(running.slice(1).map((process) => process?.close()));
    if (!stage.system.role(role).isRunning) await stage.system.startRole(role);
    started([stage.system.role(role)]);
  }
}
