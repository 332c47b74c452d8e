import type { SystemAddresses } from './environment';
import type { Fixture } from './fixture';
import type { RoleProcess } from './role-process';
import { Shop } from './shop';
import { TcpProxy } from './tcp-proxy';
import { until } from './until';

/** An api process of its own in a running system. */
export interface GatedApi {
  readonly process: RoleProcess;
  /** The network between it and Temporal. */
  readonly temporal: TcpProxy;
  /** Sends its requests to this api. */
  readonly shop: Shop;
}

/** Returns once it reaches Temporal. */
export async function startGatedApi(fixture: Fixture, system: SystemAddresses): Promise<GatedApi> {
  const temporal = fixture.use(await TcpProxy.to(system.temporal));
  const process = await fixture.another('api', system, { TEMPORAL_ADDRESS: temporal.address });
  fixture.defer(() => process.end('SIGKILL'));
  const shop = fixture.use(new Shop({ addresses: { ...system, api: process.url } }));
  await until(
    'this api to reach Temporal',
    async () => (await (await fetch(`${process.url}/readyz`)).json()) as { degraded: readonly string[] },
    ({ degraded }) => !degraded.includes('temporal'),
  );
  return { process, temporal, shop };
}
