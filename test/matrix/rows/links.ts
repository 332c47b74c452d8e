import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../support/until';
import type { Link } from '../network/link';
import { type Engine, WIRED_ROLES, type WiredRole } from '../network/wiring';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';

interface Bad {
  readonly does: (link: Link) => Promise<void>;
  readonly forMs: number;
}

/** What a link can be, and for how long. */
const WAYS = {
  latency: { does: (link) => link.delay(300), forMs: 10_000 },
  reset: { does: (link) => link.reset(), forMs: 0 },
  'half-open': { does: (link) => link.silence(), forMs: 20_000 },
  cut: { does: (link) => link.refuse(), forMs: 30_000 },
  bandwidth: { does: (link) => link.throttle(20 * 1_024), forMs: 10_000 },
} as const satisfies Record<string, Bad>;

const ENGINES: readonly Engine[] = ['postgres', 'kafka', 'temporal', 'redis', 'sandbox'];
const SMALL_FOR_MS = 3_000;
const USED_WITHIN_MS = 60_000;

export const links: Row = {
  name: 'links',
  title: 'each link of a role is slow, narrow, reset, cut, or open at one end only',
  times: 40,
  small: 5,
  customers: 6,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7'],
  async run(stage, times) {
    const roles = await stage.network.wired(stage);
    const linkOf = (role: WiredRole, engine: Engine) => roles.get(role)?.links.get(engine);
    const dimensions = { role: WIRED_ROLES, engine: ENGINES, way: Object.keys(WAYS) as (keyof typeof WAYS)[] };
    const isSmall = times <= links.small;
    // In npm test there is no time until each side has found out that the other is gone.
    const isPossible = ({ role, engine, way }: { role: WiredRole; engine: Engine; way: string }) =>
      linkOf(role, engine) !== undefined && !(isSmall && way === 'half-open');
    const cases = drawPairwise(stage.random, dimensions, times, isPossible);
    await stage.supervised(async () => {
      // Nor for one after the other.
      const work = cases.map(
        ({ role, engine, way }) =>
          () =>
            goesBad(stage, linkOf(role, engine) as Link, `${role} to ${engine}: ${way}`, {
              does: WAYS[way].does,
              forMs: isSmall ? Math.min(WAYS[way].forMs, SMALL_FOR_MS) : WAYS[way].forMs,
            }),
      );
      if (isSmall) await Promise.all(work.map((inject) => inject()));
      else for (const inject of work) await inject();
    });
  },
};

async function goesBad(stage: Stage, link: Link, fault: string, { does, forMs }: Bad): Promise<void> {
  const connections = await until(`${fault}: a connection`, () => link.connections(), Boolean, USED_WITHIN_MS);
  await does(link);
  stage.injected({ fault, what: `${connections} connections through ${link.address}, for ${forMs / 1_000} s` });
  await pause(forMs);
  await link.restore();
  if (forMs > SMALL_FOR_MS) await stage.customers.more(1);
}
