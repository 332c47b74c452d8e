import type { Settings, SystemAddresses } from '../../support/environment';
import type { Link, LinkTo } from './link';

export const WIRED_ROLES = ['worker', 'bridge', 'relay', 'api'] as const;
export type WiredRole = (typeof WIRED_ROLES)[number];

export type Engine = 'postgres' | 'kafka' | 'temporal' | 'redis' | 'sandbox';

/** What each role talks to. */
const NEEDS: Readonly<Record<WiredRole, readonly Engine[]>> = {
  worker: ['postgres', 'temporal', 'redis', 'sandbox'],
  bridge: ['postgres', 'kafka', 'temporal', 'redis'],
  relay: ['postgres', 'kafka'],
  api: ['postgres', 'temporal', 'redis'],
};

/** A role's links, by what they lead to, and the settings by which it uses them. */
export interface Wiring {
  readonly links: ReadonlyMap<Engine, Link>;
  readonly settings: Settings;
}

/** Lays a link between a role and everything that it talks to. */
export async function wire(role: WiredRole, system: SystemAddresses, linkTo: LinkTo): Promise<Wiring> {
  const links = new Map<Engine, Link>();
  const settings: Record<string, string> = {};
  for (const engine of NEEDS[role]) {
    const target = system[engine];
    if (!target) continue;
    const address = hostOf(target);
    const link = await linkTo(address, `${role} ${engine}`);
    links.set(engine, link);
    if (engine === 'kafka') settings.MATRIX_ROUTES = `${address}=${link.address}`;
    else settings[VARIABLE_OF[engine]] = target.replace(address, link.address);
  }
  return { links, settings };
}

const VARIABLE_OF = {
  postgres: 'DATABASE_URL',
  temporal: 'TEMPORAL_ADDRESS',
  redis: 'REDIS_URL',
  sandbox: 'SANDBOX_URL',
} as const;

/** host:port of a URL, or of the first of several addresses. */
function hostOf(target: string): string {
  const address = target.split(',')[0] as string;
  return address.includes('://') ? new URL(address).host : address;
}
