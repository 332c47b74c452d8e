import { type Db, openDatabase } from '../../db/connection';
import { migrateSchema, schemaMismatch } from '../../db/schema';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';

describe('the schema and the functions of a database', () => {
  const fixture = new Fixture();
  let db: Db;
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 2 });
    fixture.defer(() => db.destroy());
  });

  test('are brought to this code once', async () => {
    expect(await schemaMismatch(db)).toMatch(/^the database lacks 001-orders, .*npm run migrate/);
    expect(await migrateSchema(db)).toEqual(expect.arrayContaining(['001-orders', 'begin_attempt']));
    expect(await schemaMismatch(db)).toBeUndefined();
    expect(await migrateSchema(db)).toEqual([]);
  });

  test('are replaced where a function is another', async () => {
    await db('installed_functions').where({ name: 'event_text' }).update({ sha256: 'of before' });
    expect(await schemaMismatch(db)).toBe('the database lacks event_text: run `npm run migrate`');
    expect(await migrateSchema(db)).toEqual(['event_text']);
  });

  test('are left alone by code that is older', async () => {
    const newer = { sha256: 'of a later release', version: 1_000 };
    await db('installed_functions').where({ name: 'event_text' }).update(newer);
    await expect(migrateSchema(db)).rejects.toThrow('the database is newer than this code');
    expect(await schemaMismatch(db)).toMatch('the database is newer than this code (functions of version 1000)');
    expect(await db('installed_functions').where({ name: 'event_text' }).first()).toMatchObject(newer);
  });
});
