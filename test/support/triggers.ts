import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/connection';

/** Runs a statement before those writes that meet a condition, e.g. `update on orders`; the returned function ends that. */
async function beforeWrites(db: Db, what: string, when: string, statement: string): Promise<() => Promise<void>> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const table = what.split(' on ')[1] as string;
  await db.raw(`
    create function ${name}() returns trigger language plpgsql as $$ begin ${statement}; return new; end $$;
    create trigger ${name} before ${what} for each row when (${when}) execute function ${name}();
  `);
  return async () => {
    await db.raw(`drop trigger if exists ${name} on ${table}; drop function if exists ${name}`);
  };
}

/** Rows that the database refuses until the returned function is called; its words hold what none may repeat. */
export function refuseRows(db: Db, what: string, when: string, sqlState: string): Promise<() => Promise<void>> {
  const detail = `using errcode = '${sqlState}', detail = 'secret detail'`;
  return beforeWrites(db, what, when, `raise exception 'secret of the customer' ${detail}`);
}
