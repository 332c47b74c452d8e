import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';
import { loadSettings } from '../../config/load';
import { endOnUncaught, inWords } from '../../observability/last-words';

/** What Express can do by itself, JSON in and JSON out, and with Postgres: one committed insert between the two. */
async function main(): Promise<void> {
  const settings = loadSettings();
  const pool = new pg.Pool({ connectionString: settings.DATABASE_URL, max: settings.DATABASE_POOL_MAX });
  await pool.query(
    'create table if not exists bench_bare (id bigint generated always as identity primary key, body jsonb)',
  );
  const app = express();
  app.post('/orders/:orderId', express.json(), async (request, response) => {
    const { rows } = await pool.query<{ id: number }>('insert into bench_bare (body) values ($1) returning id', [
      JSON.stringify(request.body),
    ]);
    response.status(202).json({ success: true, data: { id: rows[0]?.id } });
  });
  app.post('/echoes', express.json(), (request, response) => {
    response.status(202).json({ success: true, data: request.body as unknown });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.once('SIGTERM', () => process.exit(0));
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

endOnUncaught();
main().catch((error: unknown) => {
  process.stderr.write(`${inWords(error, true)}\n`);
  process.exit(1);
});
