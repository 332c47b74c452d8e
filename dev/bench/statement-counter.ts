import { Client } from 'pg';
import type { Db } from '../../db/connection';
import { killEngine, startEngine } from '../stack/stack';

const LIBRARY = 'pg_stat_statements';

/** What was counted up to a moment. */
interface Counts {
  readonly atMs: number;
  /** Transactions that wrote, or locked a row: each takes the next id. */
  readonly writing: number;
  /** Calls by what a statement does. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface CountedWork {
  readonly seconds: number;
  readonly writingCommits: number;
  readonly statements: Readonly<Record<string, number>>;
}

/**
 * Loads Postgres' own counter of statements into a stack's server, still off, by restarting it; false where the server has
 * none, as an embedded one.
 */
export async function loadStatementCounter(stackName: string, adminUrl: string): Promise<boolean> {
  const isThere = await asAdmin(adminUrl, async (admin) => {
    const { rowCount } = await admin.query('select from pg_available_extensions where name = $1', [LIBRARY]);
    if (!rowCount) return false;
    await admin.query(`alter system set shared_preload_libraries = '${LIBRARY}'`);
    // From the start: a statement that is prepared without its id is never counted.
    await admin.query('alter system set compute_query_id = on');
    return true;
  });
  if (!isThere) return false;
  await killEngine(stackName, 'postgres', 'SIGINT');
  await startEngine(stackName, 'postgres');
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`create extension ${LIBRARY}`);
    await setTracking(admin, false);
  });
  return true;
}

/** Counts what the product's role sends: statements of the benchmark, which is a superuser, are not among them. */
export class StatementCounter {
  constructor(
    private readonly db: Db,
    private readonly adminUrl: string,
    private readonly role: string,
  ) {}

  /** Counts during `work`, and only then: counting costs the server something. */
  async during<Result>(work: (count: () => Promise<Counts>) => Promise<Result>): Promise<Result> {
    await asAdmin(this.adminUrl, (admin) => setTracking(admin, true));
    try {
      return await work(() => this.read());
    } finally {
      await asAdmin(this.adminUrl, (admin) => setTracking(admin, false));
    }
  }

  private async read(): Promise<Counts> {
    const { rows } = await this.db.raw<{ rows: { query: string; calls: number }[] }>(
      `select query, calls from ${LIBRARY}
       where userid = ?::regrole and dbid = (select oid from pg_database where datname = current_database())`,
      [this.role],
    );
    const calls = new Map<string, number>();
    for (const { query, calls: count } of rows) {
      const label = labelOf(query);
      calls.set(label, (calls.get(label) ?? 0) + count);
    }
    const next = await this.db.raw<{ rows: [{ writing: number }] }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as writing',
    );
    return { atMs: performance.now(), writing: next.rows[0].writing, calls };
  }
}

export function between(before: Counts, after: Counts): CountedWork {
  const statements: Record<string, number> = {};
  for (const [label, calls] of after.calls) {
    const more = calls - (before.calls.get(label) ?? 0);
    if (more > 0) statements[label] = more;
  }
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    writingCommits: after.writing - before.writing,
    statements,
  };
}

/** What a statement does and to what, such as `insert timeline`; a call of a function is its name. */
function labelOf(sql: string): string {
  const text = sql.replaceAll('"', '').replaceAll(/\s+/g, ' ').trim().toLowerCase();
  const called = /^select (?:.* from )?([a-z_]+)\(\$\d/.exec(text);
  if (called) return `${called[1]}()`;
  const write = /(?<!\bfor |\bkey |\bdo )\b(insert into|update|delete from) (\w+)/.exec(text);
  if (write) return `${write[1]?.split(' ')[0]} ${write[2]}`;
  const read = /\bfrom (\w+)/.exec(text);
  const locks = / for (no key )?update\b/.test(text) ? ' for update' : '';
  return read ? `select ${read[1]}${locks}` : (text.split(/[ ;(]/)[0] ?? text);
}

async function setTracking(admin: Client, isOn: boolean): Promise<void> {
  await admin.query(`alter system set ${LIBRARY}.track = '${isOn ? 'top' : 'none'}'`);
  await admin.query('select pg_reload_conf()');
}

async function asAdmin<Result>(url: string, work: (admin: Client) => Promise<Result>): Promise<Result> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
