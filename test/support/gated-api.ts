import { join } from 'node:path';
import { stackFolder } from '../../config/load';
import { freePorts } from '../../dev/stack/ports';
import { roleEnvironment } from './environment';
import { Gate } from './gate';
import { Shop } from './shop';
import { FAST_DELAYS, RoleProcess, type SystemAddresses } from './system';
import { until } from './until';

/** An api process of its own in a running system, with a gate between it and Temporal. */
export class GatedApi {
  private constructor(
    readonly process: RoleProcess,
    readonly gate: Gate,
    /** Asks this api. */
    readonly shop: Shop,
  ) {}

  /** Returns once it reaches Temporal; `name` is its folder of logs. */
  static async start(system: SystemAddresses, name: string): Promise<GatedApi> {
    const [gate, [port]] = await Promise.all([Gate.before(system.temporal), freePorts(1)]);
    const env = roleEnvironment(system, { ...FAST_DELAYS, TEMPORAL_ADDRESS: gate.address, API_PORT: String(port) });
    const role = await RoleProcess.start('api', env, join(stackFolder(env), 'role-logs', name)).catch(async (error) => {
      await gate.close();
      throw error;
    });
    const api = new GatedApi(role, gate, new Shop({ ...system, api: `http://127.0.0.1:${port}` }));
    await until(
      'this api to reach Temporal',
      async () => (await (await fetch(`${api.shop.system.api}/readyz`)).json()) as { degraded: readonly string[] },
      ({ degraded }) => !degraded.includes('temporal'),
    ).catch(async (error) => {
      await api.close();
      throw error;
    });
    return api;
  }

  async close(): Promise<void> {
    await this.process.end('SIGKILL');
    await this.gate.close();
    await this.shop.close();
  }
}
