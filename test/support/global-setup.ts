import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadSettings, stackFolder } from '../../config/load';
import { migrate } from '../../roles/migrate';
import { stackUp } from '../../stack/stack';
import { roleEnvironment, shareSystem } from './environment';
import { keepForTeardown } from './kept';
import { FAST_DELAYS, RoleProcess, type SystemAddresses } from './system';

/** A whole system of its own, on free ports: engines, migration, sandbox and every role as a process. */
export default async function setUp(): Promise<void> {
  const stackName = `test-${process.pid}`;
  const say = (line: string) => process.stderr.write(`${line}\n`);
  keepForTeardown({ stackName, roles: [] });
  const stack = await stackUp({ name: stackName, ports: 'free', log: say });
  const [relay, bridge, worker] = await freePorts(3);
  const system: SystemAddresses = {
    ...stack,
    stackName,
    jwtSecret: randomBytes(32).toString('hex'),
    webhookSecret: randomBytes(32).toString('hex'),
    probes: {
      relay: `http://127.0.0.1:${relay}`,
      bridge: `http://127.0.0.1:${bridge}`,
      worker: `http://127.0.0.1:${worker}`,
    },
  };
  const env = roleEnvironment(system, FAST_DELAYS);
  await migrate(loadSettings(env), say);
  const logs = join(stackFolder(env), 'role-logs');
  const sandbox = await RoleProcess.start('sandbox', env, logs);
  const rest = await Promise.all(
    (['worker', 'bridge', 'relay', 'api'] as const).map((role) => RoleProcess.start(role, env, logs)),
  );
  keepForTeardown({ stackName, roles: [sandbox, ...rest] });
  shareSystem(system);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
