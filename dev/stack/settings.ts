import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A problem that the user can fix; its message says how, in one sentence. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

export const engineNames = ['temporal', 'kafka', 'postgres', 'redis'] as const;
export type EngineName = (typeof engineNames)[number];

/** What each port serves, with the environment variable that names it and the default that is tried first. */
export const portNames = {
  temporal: { variable: 'TEMPORAL_PORT', fallback: 7233 },
  temporalUi: { variable: 'TEMPORAL_UI_PORT', fallback: 8233 },
  kafka: { variable: 'KAFKA_PORT', fallback: 9092 },
  kafkaController: { variable: 'KAFKA_CONTROLLER_PORT', fallback: 9093 },
  postgres: { variable: 'POSTGRES_PORT', fallback: 54_320 },
  redis: { variable: 'REDIS_PORT', fallback: 63_790 },
  api: { variable: 'API_PORT', fallback: 3000 },
  sandbox: { variable: 'SANDBOX_PORT', fallback: 3010 },
} as const;
export type PortName = keyof typeof portNames;
export type Ports = Record<PortName, number>;

/** Addresses that the environment names; an engine with such an address is used as it is and never started. */
export interface ConfiguredAddresses {
  readonly temporal?: string;
  readonly temporalUi?: string;
  readonly kafka?: string;
  readonly postgres?: string;
  readonly redis?: string;
  readonly sandbox?: string;
}

export interface StackSettings {
  /** Holds engines/ (shared by every checkout) and stacks/. */
  readonly home: string;
  /** The stack that commands mean when none is named. */
  readonly name: string;
  readonly ports: Partial<Ports>;
  readonly addresses: ConfiguredAddresses;
  readonly searchPath: readonly string[];
  readonly kafkaHome: string | undefined;
  readonly javaHome: string | undefined;
}

/** Reads what the environment says about stacks; throws a StackError that names an invalid port. */
export function stackSettings(env: NodeJS.ProcessEnv = process.env): StackSettings {
  const given = (name: string) => env[name] || undefined;
  return {
    home: given('ORDERSAGA_HOME') ?? join(given('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'ordersaga'),
    name: given('STACK') ?? 'default',
    ports: portsFrom(given),
    addresses: {
      temporal: given('TEMPORAL_ADDRESS'),
      temporalUi: given('TEMPORAL_UI_URL'),
      kafka: given('KAFKA_BROKERS'),
      postgres: given('DATABASE_URL'),
      redis: given('REDIS_URL'),
      sandbox: given('SANDBOX_URL'),
    },
    searchPath: (given('PATH') ?? '').split(delimiter).filter(Boolean),
    kafkaHome: given('KAFKA_HOME'),
    javaHome: given('JAVA_HOME'),
  };
}

/** This process' environment with some variables set, or left out where undefined, for a child. */
export function environmentWith(extra: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return { ...process.env, ...extra };
}

function portsFrom(given: (name: string) => string | undefined): Partial<Ports> {
  const ports: Partial<Ports> = {};
  for (const [name, { variable }] of Object.entries(portNames) as [PortName, { variable: string }][]) {
    const text = given(variable);
    if (text === undefined) continue;
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new StackError(`${variable} must be a port from 1 to 65535, and is "${text}".`);
    ports[name] = port;
  }
  return ports;
}
