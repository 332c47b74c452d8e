/**
 * Named fault points inside a process of ours, from outside its code: loaded by Node before the process's own files
 * (`--require`), this wraps the four libraries through which everything leaves a process - the Postgres driver, Node's HTTP
 * client, Temporal's gRPC client and kafkajs - and gives what passes a name: `payment do call sent`. No line of it is in
 * production code, so it can neither be left on nor be forgotten at a new step, and a point is where bytes leave or arrive,
 * which is where a death matters.
 *
 * The harness arms one point at a time by a message; the n-th time it is passed, the process first writes down what it is about
 * to do and then kills or stops itself, between two instructions of that very place.
 */
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import type { Armed, Passed } from '../fault-point';

type AnyFunction = (...args: unknown[]) => unknown;

let armed: { fault: Armed; passes: number } | undefined;

/** Before it leaves this process, on its way, and arrived with its result not yet seen by the code. */
type When = 'before' | 'sent' | 'after';

function passed(point: string, when: When, what: string): void {
  if (!armed || `${point} ${when}` !== armed.fault.point) return;
  const { fault } = armed;
  if (fault.about !== undefined && !new RegExp(fault.about).test(what)) return;
  armed.passes += 1;
  const { passes } = armed;
  if (passes < (fault.nth ?? 1)) return;
  armed = undefined;
  const evidence: Passed = { id: fault.id, point: fault.point, pid: process.pid, what, at: new Date().toISOString() };
  appendFileSync(process.env.MATRIX_EVIDENCE as string, `${JSON.stringify(evidence)}\n`);
  // Held, nothing of this process goes on meanwhile; the harness has seen the evidence, and does what it wants to do just now.
  if (fault.signal === 'HOLD') sleep(fault.holdMs ?? 0);
  else process.kill(process.pid, fault.signal);
  // A stop reaches the other threads first; nothing more may happen here meanwhile.
  if (fault.signal === 'SIGSTOP') sleep(50);
}

/** Holds the whole thread. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Passes `before` now, `sent` once control is back with Node's loop. */
function leaving(points: readonly string[], what: string): void {
  for (const point of points) passed(point, 'before', what);
  setImmediate(() => {
    for (const point of points) passed(point, 'sent', what);
  });
}

function arriving(points: readonly string[], what: string): void {
  for (const point of points) passed(point, 'after', what);
}

// --- Postgres -------------------------------------------------------------------------------------------------------------

interface Call {
  readonly call?: string;
  readonly step?: string;
}

/** The functions of the database, by what they do for an order. */
function pointsOfFunction(name: string, input: unknown): string[] {
  const calls: Call[] = Array.isArray(input) ? input : [{ ...(input as object), call: name }];
  return calls.flatMap(({ call, step }) => {
    if (call === 'reserve_stock') return ['stock do outcome'];
    if (call === 'begin_attempt') return ['attempt begin'];
    if (call === 'begin_step') return [`${step} do intent`];
    if (call === 'finish_step') return [`${step} do outcome`];
    if (call === 'complete_payment') return ['attempt complete'];
    if (call === 'settle_attempt') return ['attempt settle'];
    if (call === 'place_order') return ['order place'];
    if (call === 'request_payment') return ['payment request'];
    return [];
  });
}

const STEP_KEY = /^\d+:(stock|coupon|payment|shipment|warehouse):\d+$/;

/** A write of a step's record, or of the order's end: what its transaction is about. */
function pointOfWrite(text: string, values: readonly unknown[]): string | undefined {
  if (text.startsWith('select change_order('))
    return String(values[1]).includes('"CANCELLED"') ? 'order cancel' : undefined;
  if (text.startsWith('update "processing_requests" set "failure"')) return 'attempt close';
  if (/^(insert into|update) "idempotency_keys"/.test(text))
    return values.some((value) => typeof value === 'number') ? 'response save' : 'response claim';
  if (!text.includes('"saga_steps"') || text.startsWith('select')) return undefined;
  const step = STEP_KEY.exec(String(values.find((value) => STEP_KEY.test(String(value)))))?.[1];
  if (step === undefined) return undefined;
  if (text.startsWith('insert')) return values.includes('UNDONE') ? `${step} undo tombstone` : `${step} do outcome`;
  if (values[0] === 'UNDOING') return `${step} undo intent`;
  if (values[0] === 'UNDONE') return `${step} undo outcome`;
  if (values[0] === 'UNKNOWN' && text.includes('"provider_ref"')) return `${step} do opened`;
  return undefined;
}

/** What a statement is about: a step's key, a request's path, or an order. */
function keyIn(values: readonly unknown[]): string {
  const texts = values.map(String);
  const isKey = (text: string) => STEP_KEY.test(text) || text.startsWith('/api/');
  return texts.find(isKey) ?? /"orderId":\d+/.exec(texts.join())?.[0] ?? texts[0] ?? '';
}

interface Transaction {
  point?: string;
  what: string;
}

function wrapPostgres(): void {
  const { Client } = require('pg') as { Client: { prototype: { query: AnyFunction } } };
  const { query } = Client.prototype;
  const transactions = new WeakMap<object, Transaction>();
  Client.prototype.query = function (this: object, ...args: unknown[]): unknown {
    const {
      text,
      name,
      values: bound,
    } = (typeof args[0] === 'string' ? { text: args[0] } : args[0]) as {
      text?: string;
      name?: string;
      values?: unknown[];
    };
    const callback = args.at(-1);
    if (text === undefined || typeof callback !== 'function') return query.apply(this, args);
    const values = bound ?? [];
    let what = keyIn(values);
    let points: string[] = [];
    const transaction = transactions.get(this);
    if (/^begin/i.test(text)) transactions.set(this, { what: '' });
    else if (/^(commit|rollback)/i.test(text)) {
      transactions.delete(this);
      if (transaction?.point && /^commit/i.test(text)) points = [transaction.point];
      what = transaction?.what ?? '';
    } else if (name === 'advance_outbox') points = (values[0] as unknown[]).length > 0 ? ['outbox mark'] : [];
    else if (name) points = pointsOfFunction(name, jsonOf(values[0]));
    else {
      const point = pointOfWrite(text, values);
      if (point && !transaction) points = [point];
      // The last write says how its transaction ends.
      else if (point && transaction) Object.assign(transaction, { point, what });
    }
    if (name && transaction && points[0]) {
      Object.assign(transaction, { point: points[0], what });
      points = [];
    }
    if (points.length === 0) return query.apply(this, args);
    leaving(points, what);
    const arrived = (...results: unknown[]) => {
      arriving(points, what);
      (callback as AnyFunction)(...results);
    };
    return query.apply(this, [...args.slice(0, -1), arrived]);
  };
}

function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return {};
  }
}

// --- Providers ------------------------------------------------------------------------------------------------------------

/** A request to a provider, by its method and path. */
function pointOfRequest(method: string, path: string): string | undefined {
  const [, area, , ref, verb] = path.split('/');
  const step = { payment: 'payment', carrier: 'shipment', warehouse: 'warehouse' }[area ?? ''];
  if (step === undefined) return undefined;
  if (method === 'GET') return `${step} lookup call`;
  if (ref === undefined) return step === 'payment' ? 'payment open call' : `${step} do call`;
  return verb === 'confirm' ? 'payment do call' : `${step} undo call`;
}

function wrapProviders(): void {
  const port = new URL(process.env.SANDBOX_URL as string).port;
  const { request } = http;
  http.request = ((url: URL, options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const point =
      url instanceof URL && url.port === port ? pointOfRequest(String(options.method), url.pathname) : undefined;
    if (point === undefined) return request(url, options, onResponse);
    let what = decodeURIComponent(url.pathname);
    const sending = request(url, options, (response) => {
      response.once('end', () => passed(point, 'after', what));
      onResponse(response);
    });
    const end = sending.end.bind(sending) as AnyFunction;
    sending.end = ((body?: string) => {
      what += ` ${/"key":"[^"]+"/.exec(body ?? '')?.[0] ?? ''}`;
      passed(point, 'before', what);
      return end(body);
    }) as typeof sending.end;
    // All of it is with the operating system: the provider gets it whatever becomes of us.
    sending.once('finish', () => passed(point, 'sent', what));
    return sending;
  }) as typeof http.request;
}

// --- Temporal -------------------------------------------------------------------------------------------------------------

function wrapTemporal(): void {
  // The copy that Temporal's client has.
  const { Client } = createRequire(require.resolve('@temporalio/client'))('@grpc/grpc-js') as {
    Client: { prototype: { makeUnaryRequest: AnyFunction } };
  };
  const { makeUnaryRequest } = Client.prototype;
  Client.prototype.makeUnaryRequest = function (this: object, ...args: unknown[]): unknown {
    const point = `temporal ${String(args[0]).split('/').at(-1)}`;
    const callback = args.at(-1) as AnyFunction;
    leaving([point], '');
    const arrived = (...results: unknown[]) => {
      arriving([point], '');
      callback(...results);
    };
    return makeUnaryRequest.apply(this, [...args.slice(0, -1), arrived]);
  };
}

// --- Kafka ----------------------------------------------------------------------------------------------------------------

interface Batch {
  batch: { topic: string; partition: number; firstOffset(): string | null };
  commitOffsetsIfNecessary: (offsets: unknown) => Promise<void>;
}

function wrapKafka(): void {
  const { Kafka } = require('kafkajs') as { Kafka: { prototype: { producer: AnyFunction; consumer: AnyFunction } } };
  const { producer, consumer } = Kafka.prototype;
  const around = async (point: string, what: string, work: () => unknown) => {
    leaving([point], what);
    const result = await work();
    arriving([point], what);
    return result;
  };
  Kafka.prototype.producer = function (this: object, ...args: unknown[]): unknown {
    const made = producer.apply(this, args) as { send: (sent: { topic: string }) => Promise<unknown> };
    const { send } = made;
    made.send = (sent) => around('kafka send', sent.topic, () => send(sent));
    return made;
  };
  Kafka.prototype.consumer = function (this: object, ...args: unknown[]): unknown {
    const made = consumer.apply(this, args) as {
      run(options: { eachBatch(payload: Batch): Promise<void> }): Promise<void>;
      on(event: string, listener: () => void): void;
    };
    const { run } = made;
    made.run = (options) =>
      run({
        ...options,
        eachBatch: (payload) => {
          const { topic, partition } = payload.batch;
          const what = `${topic}/${partition}/${payload.batch.firstOffset()}`;
          passed('kafka batch', 'before', what);
          const commit = (offsets: unknown) =>
            around('kafka commit', what, () => payload.commitOffsetsIfNecessary(offsets)) as Promise<void>;
          return options.eachBatch({ ...payload, commitOffsetsIfNecessary: commit });
        },
      });
    made.on('consumer.rebalancing', () => passed('kafka rebalance', 'before', ''));
    return made;
  };
}

if (
  isMainThread &&
  process.env.MATRIX_EVIDENCE &&
  process.argv.includes('--role') &&
  !process.argv.includes('sandbox')
) {
  wrapPostgres();
  wrapProviders();
  wrapTemporal();
  wrapKafka();
  process.on('message', (message) => {
    const fault = (message as { arm?: Armed }).arm;
    if (!fault) return;
    armed = { fault, passes: 0 };
    process.send?.({ armed: fault.id });
  });
}
