import { randomUUID } from 'node:crypto';
import { openDatabase } from '../../db/connection';
import type { Teardown } from './teardown';

/** A new, empty database of this server; gives its URL. */
export async function ownDatabase(teardown: Pick<Teardown, 'defer'>, server: string): Promise<string> {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = openDatabase({ url: server, poolMax: 1, applicationName: 'test admin' });
  teardown.defer(() => admin.destroy());
  await admin.raw(`create database ${database}`);
  teardown.defer(() => admin.raw(`drop database ${database}`));
  const url = new URL(server);
  url.pathname = database;
  return url.href;
}
