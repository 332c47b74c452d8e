import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/connection';

/** Rows that the database takes no more, until the returned function is called; its words hold what none may repeat. */
export async function refuseRows(db: Db, what: string, when: string, sqlState: string): Promise<() => Promise<void>> {
  const name = `refuse_${randomUUID().replaceAll('-', '')}`;
  const table = what.split(' on ')[1] as string;
  await db.raw(`
    create function ${name}() returns trigger language plpgsql as $$
    begin raise exception 'secret of the customer' using errcode = '${sqlState}', detail = 'secret detail'; end $$;
    create trigger ${name} before ${what} for each row when (${when}) execute function ${name}();
  `);
  return async () => {
    await db.raw(`drop trigger if exists ${name} on ${table}; drop function if exists ${name}`);
  };
}
