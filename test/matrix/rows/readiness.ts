import { until } from '../../support/until';
import type { Stage } from '../stage';

const ROLES = ['api', 'relay', 'bridge', 'worker'] as const;
export type ProbedRole = (typeof ROLES)[number];

/** For a role that is started again meanwhile. */
const NAMED_WITHIN_MS = 60_000;

/** What a role says of what is down, or only degrades it; undefined: it says nothing. */
async function unavailableFor(stage: Stage, role: ProbedRole): Promise<string[] | undefined> {
  try {
    const response = await fetch(`${addressOf(stage, role)}/readyz`, { signal: AbortSignal.timeout(8_000) });
    const { down, degraded = [] } = (await response.json()) as { down: string[]; degraded?: string[] };
    return [...down, ...degraded];
  } catch {
    return undefined;
  }
}

/** Waits until each of these roles names what is unavailable; what is never named is a problem. */
export async function untilNamed(
  stage: Stage,
  wanted: Readonly<Partial<Record<ProbedRole, readonly string[]>>>,
): Promise<void> {
  await Promise.all(
    Object.entries(wanted).map(async ([role, names]) => {
      await until(
        `/readyz of the ${role} to name ${names.join()}`,
        () => unavailableFor(stage, role as ProbedRole),
        (said) => names.every((name) => said?.includes(name)),
        NAMED_WITHIN_MS,
      ).catch((error: Error) => stage.problems.push(error.message));
    }),
  );
}

/** Waits until no role misses anything. */
export async function untilReady(stage: Stage): Promise<void> {
  await Promise.all(
    ROLES.map((role) =>
      until(
        `the ${role} to be ready`,
        () => unavailableFor(stage, role),
        (said) => said?.length === 0,
        120_000,
      ),
    ),
  );
}

function addressOf({ shop: { system } }: Stage, role: ProbedRole): string {
  return role === 'api' ? system.api : system.probes[role];
}
