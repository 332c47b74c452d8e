import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, loadSettings } from './load';
import { settingsSchema } from './settings';

describe('settings', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'ordersaga-config-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://app@db/ordersaga',
    KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092',
    TEMPORAL_ADDRESS: 'temporal:7233',
    JWT_SECRET: 'x'.repeat(32),
    CARRIER_WEBHOOK_SECRET: 'y'.repeat(16),
    SESSION_SECRET: 'z'.repeat(32),
    PUBLIC_URL: 'https://orders.example',
    PAYMENT_PROVIDER: 'stripe',
    STRIPE_SECRET_KEY: 'sk_test',
    SANDBOX_URL: 'http://carrier.internal',
  };

  test('name every problem at once', () => {
    const problems = problemsOf({ NODE_ENV: 'production', KAFKA_TLS: 'yes', API_PORT: '70000' });
    for (const name of [
      'DATABASE_URL is missing',
      'KAFKA_BROKERS is missing',
      'TEMPORAL_ADDRESS is missing',
      'KAFKA_TLS:',
      'API_PORT:',
    ])
      expect(problems).toContainEqual(expect.stringContaining(name));
  });

  test('have no secret by default outside development', () => {
    const { JWT_SECRET: _, SESSION_SECRET: __, CARRIER_WEBHOOK_SECRET: ___, ...rest } = production;
    expect(problemsOf(rest)).toEqual([
      expect.stringContaining('JWT_SECRET'),
      expect.stringContaining('SESSION_SECRET'),
      expect.stringContaining('CARRIER_WEBHOOK_SECRET'),
    ]);
    expect(loadSettings(production).KAFKA_BROKERS).toEqual(['kafka-1:9092', 'kafka-2:9092']);
  });

  test('of .env.example are those of a deployment, once its secrets are filled in', () => {
    const lines = readFileSync(join(__dirname, '..', '.env.example'), 'utf8').matchAll(/^(?:# )?([A-Z_]+)=(.*)$/gm);
    const { POSTGRES_PASSWORD, ...example } = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
    expect(POSTGRES_PASSWORD).toBe('');
    expect(Object.keys(example).filter((name) => !(name in settingsSchema.shape))).toEqual([]);
    const { JWT_SECRET, SESSION_SECRET, CARRIER_WEBHOOK_SECRET, STRIPE_SECRET_KEY } = production;
    const secrets = { JWT_SECRET, SESSION_SECRET, CARRIER_WEBHOOK_SECRET, STRIPE_SECRET_KEY };
    expect(problemsOf({ ...example, ...secrets })).toEqual([]);
  });

  test('make links and cookies for https alone in production', () => {
    for (const PUBLIC_URL of ['', 'http://orders.example'])
      expect(problemsOf({ ...production, PUBLIC_URL })).toEqual([expect.stringContaining('PUBLIC_URL')]);
  });

  test('refuse the sandbox as payment provider in production', () => {
    expect(problemsOf({ ...production, PAYMENT_PROVIDER: 'sandbox' })).toEqual([
      expect.stringContaining('PAYMENT_PROVIDER'),
    ]);
  });

  test('come from the stack that is up in development, with keys made once', () => {
    mkdirSync(join(home, 'stacks', 'mine'), { recursive: true });
    const stack = {
      temporal: '127.0.0.1:1',
      kafka: '127.0.0.1:2',
      postgres: 'postgres://p@127.0.0.1/o',
      redis: null,
      api: 'http://127.0.0.1:3',
      sandbox: 'http://127.0.0.1:4',
    };
    writeFileSync(join(home, 'stacks', 'mine', 'stack.json'), JSON.stringify(stack));
    const env = { ORDERSAGA_HOME: home, STACK: 'mine' };
    const settings = loadSettings(env);
    expect(settings).toMatchObject({ TEMPORAL_ADDRESS: '127.0.0.1:1', API_PORT: 3, SANDBOX_URL: 'http://127.0.0.1:4' });
    expect(settings.REDIS_URL).toBeUndefined();
    expect(loadSettings(env).JWT_SECRET).toBe(settings.JWT_SECRET);
    expect(loadSettings({ ...env, TEMPORAL_ADDRESS: 'elsewhere:7233' }).TEMPORAL_ADDRESS).toBe('elsewhere:7233');
  });

  test('say what to do where no stack is up', () => {
    expect(problemsOf({ ORDERSAGA_HOME: home })).toContainEqual(expect.stringContaining('npm run stack -- up'));
  });
});

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}
