import type { Db } from '../../db/connection';
import { FEW_ROWS } from '../../dev/many-orders';

/** A table that one statement has read, and how many of its rows it looked at. */
export interface TableRead {
  readonly table: string;
  readonly rows: number;
  readonly how: string;
  readonly statement: string;
  readonly ms: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface ExplainedStatement {
  readonly 'Query Text': string;
  readonly Plan: PlanNode;
}

interface NoticingConnection {
  on(event: 'notice', listener: (notice: { readonly message?: string }) => void): void;
}

interface Pool {
  on(event: 'createSuccess', listener: (id: number, connection: NoticingConnection) => void): void;
}

/**
 * From here on, Postgres says with each statement that a session of this database runs how it went about it: also those
 * inside its functions, and those that check references. Call it as a superuser, and open the database anew afterwards.
 */
export async function explainEverything(db: Db, database: string): Promise<void> {
  const settings = {
    session_preload_libraries: `'auto_explain'`,
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_format': 'json',
    'auto_explain.log_level': 'notice',
  };
  for (const [name, value] of Object.entries(settings))
    await db.raw(`alter database ${database} set ${name} = ${value}`);
}

/** What the connections of a pool read from now on, table by table. Call it before the pool's first statement. */
export function watchReads(db: Db): { take(): TableRead[] } {
  let reads: TableRead[] = [];
  (db.client as { readonly pool: Pool }).pool.on('createSuccess', (_, connection) => {
    connection.on('notice', ({ message }) => {
      const plan = /^duration: ([\d.]+) ms {2}plan:\n(.*)$/s.exec(message ?? '');
      if (plan) reads.push(...readsOf(JSON.parse(plan[2] as string) as ExplainedStatement, Number(plan[1])));
    });
  });
  return {
    take() {
      const taken = reads;
      reads = [];
      return taken;
    },
  };
}

function readsOf({ 'Query Text': statement, Plan }: ExplainedStatement, ms: number): TableRead[] {
  const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  return nodes(Plan).flatMap((node) => {
    const table = node['Relation Name'];
    if (table === undefined || node['Node Type'] === 'ModifyTable' || FEW_ROWS.has(table)) return [];
    const each =
      (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    const how = [node['Node Type'], node['Index Name']].filter(Boolean).join(' ');
    return [{ table, rows: Math.ceil(each * (node['Actual Loops'] ?? 1)), how, statement, ms }];
  });
}
