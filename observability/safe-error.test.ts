import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { createLogger } from './logger';
import { safeError, safeMessage } from './safe-error';

const TOKEN = 'tok_secret_4711';

/** As pg makes them, with knex's statement before the message. */
function databaseError(): Error {
  return Object.assign(new Error(`insert into "orders" ("token") values ($1) - invalid: "${TOKEN}"`), {
    name: 'error',
    severity: 'ERROR',
    code: '22P02',
    table: 'orders',
    detail: `Failing row contains (${TOKEN}).`,
    where: `unnamed portal parameter $1 = '${TOKEN}'`,
    bindings: [TOKEN],
  });
}

function parserError(): unknown {
  try {
    return JSON.parse(`{"token": ${TOKEN}}`);
  } catch (error) {
    return error;
  }
}

const leaking = {
  'of the database': databaseError(),
  'of the pool': Object.assign(new Error('timeout'), { name: 'KnexTimeoutError', sql: 'select ?', bindings: [TOKEN] }),
  'of the parser': parserError(),
  'of a schema': z.literal('a').safeParse(TOKEN).error,
  'with a cause that does': new Error('the order was not saved', { cause: databaseError() }),
  'that are none': { token: TOKEN },
} as const;

describe('what is shown of errors', () => {
  it.each(Object.entries(leaking))('%s carries no data', (_what, error) => {
    expect(JSON.stringify(safeError(error))).not.toContain(TOKEN);
    expect(safeMessage(error)).not.toContain(TOKEN);
  });

  it('still says what failed, and where', () => {
    expect(safeError(databaseError())).toMatchObject({ code: '22P02', table: 'orders' });
    expect(safeError(databaseError()).stack).toMatch(/^\s+at .*safe-error\.test/);
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    expect(safeError(refused)).toMatchObject({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' });
    expect(safeError(leaking['with a cause that does'])).toMatchObject({
      message: 'the order was not saved',
      cause: { code: '22P02' },
    });
  });

  it.each(['err', 'error', 'cause', 'reason'])('is all that a log line has of it, under the name %s', (name) => {
    const lines: string[] = [];
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    const logger = createLogger('test', 'info', stream);
    for (const error of Object.values(leaking)) logger.error({ [name]: error }, 'failed');
    logger.error({ nested: { [name]: databaseError() } }, 'failed');
    logger.error(databaseError());
    logger.child({ part: 'x' }).warn({ [name]: databaseError() }, 'failed');
    expect(lines.join('')).not.toContain(TOKEN);
    expect(lines.join('').split('\n').filter(Boolean)).toHaveLength(Object.keys(leaking).length + 3);
  });
});
