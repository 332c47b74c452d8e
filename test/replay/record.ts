import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { stackRemove, stackUp } from '../../dev/stack/stack';
import { runMain } from '../../processes/process';
import { ensureSearchAttributes } from '../../temporal/search-attributes';
import { FAST_DELAYS } from '../support/environment';
import { OrderHarness } from '../support/order-harness';
import { installQuietTemporal } from '../support/quiet-temporal';
import { HISTORIES, privateDataIn } from './histories';
import { OUTCOMES } from './outcomes';
import type { Played } from './plays';

/** Long enough to pay in, and short enough to wait for. */
const STOCK_HOLD_MS = '15000';
const AT_ONCE = 4;

/**
 * Plays every outcome (or those named) on a real Temporal of its own and keeps their histories for the replay test. For
 * a release, or where the workflows' code changed before one.
 */
async function main(names: readonly string[]): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const stackName = `record-${process.pid}`;
  installQuietTemporal();
  try {
    const { temporal: address, postgres } = await stackUp({ name: stackName, ports: 'free', log: say });
    const connection = await Connection.connect({ address });
    await ensureSearchAttributes(connection, 'default');
    const native = await NativeConnection.connect({ address });
    const client = new Client({ connection, identity: 'recorder' });
    const delays = { ...FAST_DELAYS, STOCK_HOLD_MS };
    const harness = await OrderHarness.open({ postgres, client, connection: native, delays });
    try {
      await record(harness, names, say);
    } finally {
      await harness.close();
      await native.close();
      await connection.close();
    }
  } finally {
    await stackRemove(stackName);
  }
}

async function record(harness: OrderHarness, names: readonly string[], say: (line: string) => void): Promise<void> {
  const wanted = Object.keys(OUTCOMES).filter((name) => names.length === 0 || names.includes(name));
  if (names.length === 0) removeAll();
  const waiting = [...wanted];
  const play = async (): Promise<void> => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const played = await OUTCOMES[name]?.(harness).catch((cause: unknown) => {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      });
      if (played) for (const file of await keep(harness, name, played)) say(file);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, play));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function keep(harness: OrderHarness, name: string, played: Played): Promise<string[]> {
  return Promise.all(
    Object.entries(played).map(async ([kind, workflowId]) => {
      const history = plainHistory(await harness.handle(workflowId).fetchHistory());
      const withoutStacks = (key: string, value: unknown) => (key === 'stackTrace' ? '' : value);
      const text = JSON.stringify({ workflowId, history }, withoutStacks);
      const found = privateDataIn(text);
      if (found.length > 0) throw new Error(`${name}: the history carries ${found.join(', ')}`);
      const file = `${name}.${kind}.json`;
      writeFileSync(join(HISTORIES, file), `${text}\n`);
      return `${file}: ${history.events?.length} events, ${Math.ceil(text.length / 1024)} kB`;
    }),
  );
}

type History = Awaited<ReturnType<ReturnType<OrderHarness['handle']>['fetchHistory']>>;

/** What JSON can carry and the worker takes again: the SDK's own JSON functions need one protobufjs in the whole tree. */
function plainHistory(history: History): History {
  const type = history.constructor as unknown as { toObject(message: History, options: object): History };
  return type.toObject(history, { longs: Number, bytes: String });
}

function removeAll(): void {
  mkdirSync(HISTORIES, { recursive: true });
  for (const file of readdirSync(HISTORIES)) rmSync(join(HISTORIES, file));
}

runMain(() => main(process.argv.slice(2)));
