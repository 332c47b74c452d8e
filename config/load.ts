import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Settings, settingsSchema } from './settings';

/** A configuration that can't be run on; the message names every problem and what to do. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(readonly problems: readonly string[]) {
    super(`this configuration can't be run on:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Reads and checks the environment; in development, what it lacks comes from the stack that is up. */
export function loadSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const isProduction = given.NODE_ENV === 'production';
  const result = settingsSchema.safeParse(isProduction ? given : { ...developmentDefaults(given), ...given });
  if (result.success) return result.data as Settings;
  const problems = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return given[name] === undefined && issue.code === 'invalid_type'
      ? `${name} is missing`
      : `${name}: ${issue.message}`;
  });
  if (!isProduction && given.DATABASE_URL === undefined && !existsSync(stackFile(given)))
    problems.push('no stack is up on this machine: run `npm run stack -- up`, or set the addresses above');
  throw new ConfigurationError(problems);
}

interface StackFile {
  readonly temporal?: string;
  readonly temporalUi?: string;
  readonly kafka?: string;
  readonly postgres?: string;
  readonly redis?: string | null;
  readonly api?: string;
  readonly sandbox?: string;
}

/** A folder for what can be made anew, outside the checkout; made if it is not there. */
export function cacheFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const folder = join(home(env), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const home = (env: NodeJS.ProcessEnv) =>
  env.ORDERSAGA_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ordersaga');

/** Where the development stack named by STACK keeps its data and keys. */
export function stackFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(home(env), 'stacks', env.STACK ?? 'default');
}

const stackFile = (env: NodeJS.ProcessEnv) => join(stackFolder(env), 'stack.json');

function developmentDefaults(env: NodeJS.ProcessEnv): Record<string, string> {
  const file = stackFile(env);
  const stack = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackFile) : {};
  const found = {
    TEMPORAL_ADDRESS: stack.temporal,
    TEMPORAL_UI_URL: stack.temporalUi,
    KAFKA_BROKERS: stack.kafka,
    DATABASE_URL: stack.postgres,
    REDIS_URL: stack.redis ?? undefined,
    API_PORT: stack.api ? new URL(stack.api).port : undefined,
    SANDBOX_URL: stack.sandbox,
    ...developmentSecrets(env),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const SECRETS = ['JWT_SECRET', 'CARRIER_WEBHOOK_SECRET', 'SESSION_SECRET'] as const;
type Secrets = Record<(typeof SECRETS)[number], string>;

/** Keys for development, made at first use and kept beside the stack's data, never in the checkout. */
function developmentSecrets(env: NodeJS.ProcessEnv): Secrets {
  const file = join(stackFolder(env), 'development-keys.json');
  mkdirSync(stackFolder(env), { recursive: true });
  if (!existsSync(file)) {
    const made = Object.fromEntries(SECRETS.map((name) => [name, randomBytes(32).toString('hex')]));
    try {
      writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
}
