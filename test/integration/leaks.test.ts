import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import express from 'express';
import { asFailure } from '../../activities/failure';
import { problemResponses } from '../../api/problem-responses';
import { createLogger } from '../../observability/logger';
import { sharedSystem } from '../support/environment';
import { FAILING, type Failing, failureOf } from '../support/failing-queries';

const SECRET = 'tok_secret_4711';
/** Its error is the only one that carries no value by itself. */
const SILENT: Failing = 'a statement that takes too long';
const DYING = join(__dirname, '..', 'support', 'dying-process.ts');
const LOADER = join(__dirname, '..', '..', 'processes', 'typescript.cjs');
const hows = Object.keys(FAILING) as Failing[];

/** What a process writes until its end. */
async function outputOf(how: Failing, end: string): Promise<{ code: number | null; output: string }> {
  const args = ['--require', LOADER, DYING, sharedSystem().postgres, how, SECRET, end];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('what is bound to a statement that fails', () => {
  test.each(hows)('%s: is in no error of our own process, which still says what failed', async (how) => {
    for (const end of ['throw at the start', 'throw', 'throw itself', 'reject', 'log']) {
      const { code, output } = await outputOf(how, end);
      expect({ end, code, leaks: output.includes(SECRET) }).toEqual({ end, code: end === 'log' ? 0 : 1, leaks: false });
      expect(output).toMatch(/SQLSTATE|KnexTimeoutError|\b[0-9]{2}[0-9A-Z]{3}\b/);
    }
  });

  test('is not shown where something else than an error is thrown', async () => {
    const { code, output } = await outputOf('a value that does not fit', 'reject with a value');
    expect({ code, output }).toEqual({ code: 1, output: 'unhandled rejection: what was thrown is no error: object\n' });
  });

  test.each(hows)('%s: is in no response, no log and no failure that Temporal keeps', async (how) => {
    const error = await failureOf(sharedSystem().postgres, how, SECRET);
    expect({ how, carriesIt: inspect(error).includes(SECRET) }).toEqual({ how, carriesIt: how !== SILENT });
    const lines: string[] = [];
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    const { status, text } = await responseTo(error, createLogger('test', 'info', stream));
    expect([500, 503]).toContain(status);
    expect(text + lines.join('')).not.toContain(SECRET);
    expect(lines.join('')).toContain('request failed');
    const kept = new DefaultFailureConverter().errorToFailure(asFailure(error), defaultPayloadConverter);
    expect(JSON.stringify(kept)).not.toContain(SECRET);
    expect(Buffer.from(JSON.stringify(kept)).includes(Buffer.from(SECRET).toString('base64'))).toBe(false);
  });
});

/** What the API says to a request whose handler ends with this error. */
async function responseTo(error: unknown, logger: ReturnType<typeof createLogger>) {
  const app = express();
  app.get('/', () => Promise.reject(error));
  app.use(problemResponses(logger));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { status: response.status, text: await response.text() };
  } finally {
    server.close();
  }
}
