import { parseArgs } from 'node:util';
import { endOnUncaught, inWords } from '../../observability/last-words';
import { everyEngineRecorded } from './engine-run';
import { type StackAddresses, StackError, type StackStatus, stackDown, stackStatus, stackUp } from './stack';

const usage = `usage: npm run stack -- up [--docker] | down | status [--json]

up      brings up what isn't: Temporal, Kafka, Postgres and Redis on this machine (--docker: by docker compose)
down    ends every process of the stack; its data stay
status  says what is up and where (--json: every address)
STACK names a stack other than "default"; a port is set by TEMPORAL_PORT, TEMPORAL_UI_PORT, KAFKA_PORT, POSTGRES_PORT,
REDIS_PORT, API_PORT or SANDBOX_PORT.`;

const say = (line: string) => void process.stderr.write(`${line}\n`);
const print = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, docker: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const command = positionals[0];
  if (command === 'up') return up(values.docker ?? false, values.json ?? false);
  if (command === 'down') return down();
  if (command === 'status') return status(values.json ?? false);
  print(usage);
  return values.help ? 0 : 2;
}

/** What a shell shows for a command that Ctrl-C ended. */
const INTERRUPTED = 130;

async function up(docker: boolean, json: boolean): Promise<number> {
  const started = Date.now();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void everyEngineRecorded().then(() => process.exit(INTERRUPTED)));
  const addresses = await stackUp({ docker, log: say });
  say(`up in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  print(json ? JSON.stringify(addresses, null, 2) : table(addresses));
  return 0;
}

async function down(): Promise<number> {
  const ended = await stackDown();
  print(ended.length > 0 ? `ended: ${ended.join(', ')}; the data stay` : 'nothing of this stack was running');
  return 0;
}

async function status(json: boolean): Promise<number> {
  const found = await stackStatus();
  if (json) print(JSON.stringify({ ...found.addresses, up: found.up }, null, 2));
  else if (found.addresses) print(table(found.addresses, found.up));
  else print(`the stack "${found.name}" has never been up: npm run stack -- up`);
  return 0;
}

function table(addresses: StackAddresses, up?: StackStatus['up']): string {
  const isUp = (name: string) => up?.[(name === 'temporalUi' ? 'temporal' : name) as keyof StackStatus['up']];
  return Object.entries(addresses)
    .map(([name, address]) => `${name.padEnd(11)}${up ? (isUp(name) ? 'up    ' : 'down  ') : ''}${address ?? 'none'}`)
    .join('\n');
}

endOnUncaught();
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    say(error instanceof StackError || isUsage ? (error as Error).message : inWords(error, true));
    process.exitCode = isUsage ? 2 : 1;
  },
);
