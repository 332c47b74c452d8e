import { chownSync, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { embeddedPostgres } from './embedded-postgres';
import { dataFolder, type Engine, type StackPlace } from './engine';
import { type Launch, waitForPid } from './processes';
import { environmentWith, StackError } from './settings';
import { programNamed, runTool } from './tools';
import { reachableFolder, type SystemUser, unprivilegedUser } from './unprivileged';

const ADMIN = 'postgres';
const ROLE = 'ordersaga';
// Somebody's PG* variables would redirect the tools.
const plainEnvironment = () => environmentWith({ LC_ALL: 'C', TZ: 'UTC', PGDATA: undefined, PGPORT: undefined });

/** Postgres as it is delivered (durable), on the loopback address, with a role and a database `ordersaga`. */
export const postgres: Engine = {
  name: 'postgres',
  ports: ['postgres'],
  // SIGTERM would wait for every client to leave.
  stopSignal: 'SIGINT',

  async find() {
    const folder = await installedBinaries();
    return folder ? { kind: 'here', plan: folder, installation: folder } : embeddedPostgres();
  },

  async dataElsewhere(place) {
    const folder = postgresFolder(place, await unprivilegedUser());
    return folder === dataFolder(place, 'postgres') ? undefined : folder;
  },

  async prepare(binaries, place): Promise<Launch> {
    const user = await unprivilegedUser();
    const folder = postgresFolder(place, user);
    if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(binaries, folder, place, user);
    await checkVersion(binaries, folder);
    await waitForPredecessor(folder);
    const options = {
      port: place.ports.postgres,
      listen_addresses: '127.0.0.1',
      // Nobody here needs a socket file, whose path may have 107 characters at most.
      unix_socket_directories: '',
      max_connections: 200,
      timezone: 'UTC',
      log_timezone: 'UTC',
    };
    const args = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return { file: join(binaries, 'postgres'), args: ['-D', folder, ...args], cwd: '/', user, env: plainEnvironment() };
  },

  isReady: async (place) => {
    try {
      return await withClient(postgresUrl(place), async (client) => (await client.query('select 1')).rowCount === 1);
    } catch (error) {
      // A server that has no such role or database yet is ready, too.
      if (['28P01', '3D000'].includes((error as { code?: string }).code ?? '')) return true;
      throw error;
    }
  },

  finish: (place) =>
    withClient(postgresAdminUrl(place), async (client) => {
      const { rows } = await client.query<{ role: boolean; database: boolean }>(
        `select exists (select from pg_roles where rolname = '${ROLE}') as role,
                exists (select from pg_database where datname = '${ROLE}') as database`,
      );
      if (!rows[0]?.role)
        await client.query(
          `create role ${ROLE} login createdb password ${client.escapeLiteral(place.secrets.postgres)}`,
        );
      if (!rows[0]?.database) await client.query(`create database ${ROLE} owner ${ROLE}`);
    }),
};

/** The address by which the product reaches a stack's database. */
export const postgresUrl = (place: StackPlace): string =>
  `postgres://${ROLE}:${place.secrets.postgres}@127.0.0.1:${place.ports.postgres}/${ROLE}`;

/** Removes what Postgres keeps of a stack outside the stack's own folder. */
export async function removePostgresData(place: Pick<StackPlace, 'folder'>): Promise<void> {
  const folder = reachableFolder(place.folder, await unprivilegedUser());
  if (folder !== place.folder) await rm(folder, { recursive: true, force: true });
}

const postgresFolder = (place: Pick<StackPlace, 'folder'>, user: SystemUser | undefined): string =>
  reachableFolder(dataFolder(place, 'postgres'), user);

/** The folder of an installed Postgres' programs: initdb on PATH, or Debian's newest, which keeps them off it. */
async function installedBinaries(): Promise<string | undefined> {
  const initdb = programNamed('initdb');
  if (initdb && programNamed('postgres', [dirname(initdb)])) return dirname(initdb);
  const versions = existsSync('/usr/lib/postgresql') ? await readdir('/usr/lib/postgresql') : [];
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`);
  return folders.find((folder) => programNamed('initdb', [folder]) && programNamed('postgres', [folder]));
}

async function initialise(
  binaries: string,
  folder: string,
  place: StackPlace,
  user: SystemUser | undefined,
): Promise<void> {
  const parent = dirname(folder);
  const unfinished = `${folder}.unfinished`;
  const passwordFile = join(unfinished, 'password');
  await mkdir(parent, { recursive: true, mode: 0o755 });
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, place.secrets.postgresAdmin, { mode: 0o600 });
  if (user) for (const path of [unfinished, passwordFile]) chownSync(path, user.uid, user.gid);
  const cluster = join(unfinished, 'cluster');
  const args = [
    '-D',
    cluster,
    '-U',
    ADMIN,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ];
  await runTool(join(binaries, 'initdb'), args, { cwd: '/', user, env: plainEnvironment() });
  await rename(cluster, folder);
  await rm(unfinished, { recursive: true });
}

/** A killed postmaster leaves its pid file, and its successor refuses to start until that pid is free. */
async function waitForPredecessor(folder: string): Promise<void> {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
  if (pid > 0) await waitForPid(pid, 10_000);
}

async function checkVersion(binaries: string, folder: string): Promise<void> {
  const made = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  const found = /(\d+)/.exec(await runTool(join(binaries, 'postgres'), ['--version'], { cwd: '/' }))?.[1];
  if (made === found) return;
  throw new StackError(
    `This stack's database was made by Postgres ${made}, and the one found is ${found} (${binaries}): ` +
      `put Postgres ${made} on PATH, or remove ${folder} to begin with an empty one.`,
  );
}

export const postgresAdminUrl = (place: StackPlace): string =>
  `postgres://${ADMIN}:${place.secrets.postgresAdmin}@127.0.0.1:${place.ports.postgres}/postgres`;

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString, ssl: false, connectionTimeoutMillis: 2_000, query_timeout: 10_000 });
  // A connection lost between queries; the next query fails.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
