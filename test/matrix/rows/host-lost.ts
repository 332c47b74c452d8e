import { setTimeout as pause } from 'node:timers/promises';
import type { WiredRole, Wiring } from '../network/wiring';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';

const ROLES = ['worker', 'relay', 'bridge'] as const satisfies readonly WiredRole[];
type Role = (typeof ROLES)[number];

const DIMENSIONS = {
  role: ROLES,
  /** A host that is lost for good takes its process with it; one that comes back finds what others did meanwhile. */
  comes: ['never', 'back after 5 s', 'back after 25 s'],
} as const;
type Case = { readonly [Name in keyof typeof DIMENSIONS]: (typeof DIMENSIONS)[Name][number] };

export const hostLost: Row = {
  name: 'host-lost',
  title:
    'the host of a worker, a relay or a bridge is cut off without a word, with a second process of the role elsewhere',
  times: 30,
  small: 1,
  invariants: ['I1', 'I5', 'I6', 'I7'],
  async run(stage, times) {
    await stage.network.wired(stage);
    const others = await Promise.all(ROLES.map((role) => stage.another(role)));
    try {
      const cases = times <= hostLost.small ? oneOfEach(stage, times) : drawPairwise(stage.random, DIMENSIONS, times);
      // One host a role at a time: the other has to do all the work.
      await stage.supervised(() =>
        Promise.all(
          ROLES.map(async (role) => {
            for (const one of cases.filter((drawn) => drawn.role === role)) await isLost(stage, one);
          }),
        ),
      );
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
    await stage.network.forgetLost();
  },
};

/** For npm test, which has no time for a long absence. */
function oneOfEach({ random }: Stage, times: number): Case[] {
  const comes = ['never', 'back after 5 s'] as const;
  return random
    .shuffled(ROLES)
    .slice(0, times)
    .map((role) => ({ role, comes: random.oneOf(comes) }));
}

async function isLost(stage: Stage, { role, comes }: Case): Promise<void> {
  const { links } = (await stage.network.wired(stage)).get(role) as Wiring;
  const process = stage.system.role(role);
  const connections = await Promise.all([...links].map(async ([to, link]) => `${await link.connections()} to ${to}`));
  await Promise.all([...links.values()].map((link) => link.silence()));
  stage.injected({ fault: `the host of the ${role}: ${comes}`, pid: process.pid, what: connections.join(', ') });
  if (comes === 'never') {
    await stage.network.lose(stage, role satisfies Role);
    return;
  }
  const served = stage.customers.more(3);
  await pause(comes === 'back after 5 s' ? 5_000 : 25_000);
  await served;
  await Promise.all([...links.values()].map((link) => link.restore()));
  await stage.customers.more(3);
}
