import type { Db } from '../../db/connection';

/** The tables of which a row holds this text, be it as bytes: every table is looked through, so that none can be forgotten. */
export async function tablesWith(db: Db, text: string): Promise<string[]> {
  const tables = (await db('information_schema.tables')
    .where({ table_schema: 'public', table_type: 'BASE TABLE' })
    .pluck('table_name')) as string[];
  const found: string[] = [];
  for (const table of tables) {
    // Values of bytes are shown in hexadecimal.
    const hex = Buffer.from(text).toString('hex');
    const rows = await db
      .from(db.raw('?? as t', [table]))
      .whereRaw('t::text like ? or t::text like ?', [`%${text}%`, `%${hex}%`])
      .limit(1);
    if (rows.length > 0) found.push(table);
  }
  return found;
}
