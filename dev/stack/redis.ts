import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { canFetchPackages, unpackPackages } from './debian';
import { dataFolder, type Engine, type Log } from './engine';
import { cached, cachedFolder, isCached } from './engine-cache';
import { StackError } from './settings';
import { programNamed, runTool, withProgress } from './tools';

const CACHE = 'redis-debian';
// Debian's redis-server is a link into redis-tools; the rest is what a bare Debian may lack of its libraries.
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const scriptIn = (folder: string) => join(folder, 'redis-server');
const remedy = 'install Redis so that redis-server is on PATH, or set REDIS_URL';

/** Redis without persistence: it only makes things fast. */
export const redis: Engine = {
  name: 'redis',
  ports: ['redis'],
  stopSignal: 'SIGTERM',

  async find() {
    const onPath = programNamed('redis-server');
    if (onPath) return { kind: 'here', plan: onPath, installation: onPath };
    const folder = cachedFolder(CACHE);
    if (isCached(CACHE)) return { kind: 'here', plan: folder, installation: scriptIn(folder) };
    if (!canFetchPackages()) return { kind: 'missing', remedy };
    const plan = `Debian's package, fetched with apt-get and unpacked (not installed) into ${folder}`;
    return {
      kind: 'obtain',
      plan,
      obtain: async (log) => scriptIn(await cached(CACHE, log, (to) => unpackDebian(to, log))),
    };
  },

  async prepare(program, place) {
    const folder = dataFolder(place, 'redis');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const args = ['--port', String(place.ports.redis), '--bind', '127.0.0.1', '--dir', folder, '--daemonize', 'no'];
    return { file: program, args: [...args, '--appendonly', 'no', '--save', ''], cwd: folder };
  },

  isReady: (place) => pings(place.ports.redis),
};

async function unpackDebian(folder: string, log: Log): Promise<void> {
  await withProgress(log, 'redis: fetching the Debian package', async () => {
    const program = { script: scriptIn(folder), path: 'usr/bin/redis-server' };
    await unpackPackages(folder, () => ['download', ...PACKAGES], program);
    const version = await runTool(scriptIn(folder), ['--version']);
    if (!version.includes('v=')) throw new StackError(`Debian's redis-server does not run here: ${remedy}.`);
  });
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 }, () => socket.write('PING\r\n'));
    const settle = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', (data) => settle(data.toString().startsWith('+PONG')));
    socket.once('timeout', () => settle(false));
    socket.once('error', reject);
  });
}
