import { z } from 'zod';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');
const ms = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const days = (fallback: number) => z.coerce.number().positive().max(36_500).default(fallback);
const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const text = z.string().min(1);
/** Separated by commas. */
const list = z
  .string()
  .default('')
  .transform((items) => items.split(',').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ''));
const isOrigin = (url: string) => URL.canParse(url) && new URL(url).origin === url;
const isLong = (secret: string) => secret.length >= 32;

/** Every setting of every role, as environment variables; README's table is checked against this list by a test. */
export const settingsSchema = z
  .object({
    NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
    CURRENCY: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as KRW')
      .default('KRW'),
    EVENT_TIME_ZONE: z
      .string()
      .default('Asia/Seoul')
      .refine(isTimeZone, 'must be an IANA time zone such as Asia/Seoul'),

    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    DATABASE_CA_FILE: text.optional(),
    DATABASE_POOL_MAX: z.coerce.number().int().min(2).max(500).default(20),

    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),

    KAFKA_BROKERS: text.transform((list) => list.split(',').map((broker) => broker.trim())),
    KAFKA_TLS: flag,
    KAFKA_CA_FILE: text.optional(),
    KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
    KAFKA_SASL_USERNAME: text.optional(),
    KAFKA_SASL_PASSWORD: text.optional(),
    FOREIGN_DEAD_LETTER_TOPICS: list,
    KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).max(9).default(1),

    TEMPORAL_ADDRESS: text,
    TEMPORAL_UI_URL: z.url().optional(),
    TEMPORAL_NAMESPACE: text.default('default'),
    TEMPORAL_TLS: flag,
    TEMPORAL_TLS_CERT_FILE: text.optional(),
    TEMPORAL_TLS_KEY_FILE: text.optional(),
    TEMPORAL_TLS_CA_FILE: text.optional(),
    TEMPORAL_API_KEY: text.optional(),

    API_HOST: text.default('127.0.0.1'),
    API_PORT: port(3000),
    RELAY_PORT: port(3001),
    BRIDGE_PORT: port(3002),
    WORKER_PORT: port(3003),
    JWT_SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
    JWT_JWKS_URL: z.url().optional(),
    JWT_ISSUER: text.optional(),
    JWT_AUDIENCE: text.optional(),
    ROLE_CLAIM: text.default('role'),
    PUBLIC_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => new URL(url).origin)
      .optional(),
    SESSION_SECRET: z
      .string()
      .refine((list) => list.split(',').every(isLong), 'each must be at least 32 characters')
      .optional(),
    SESSION_TTL_MS: ms(12 * 60 * 60_000),
    TRACKING_LINK_TTL_MS: ms(30 * 24 * 60 * 60_000),
    OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
    OIDC_CLIENT_ID: text.optional(),
    OIDC_CLIENT_SECRET: text.optional(),
    OIDC_SCOPE: text.default('openid email profile'),
    EMBED_ORIGINS: list.refine(
      (origins) => origins.every(isOrigin),
      'must be origins such as https://shop.example, separated by commas',
    ),
    CHECKOUT_URL: z
      .url({ protocol: /^https?$/ })
      .refine((url) => url.includes('{orderId}'), 'must contain {orderId}')
      .optional(),
    CARRIER_WEBHOOK_SECRET: z.string().min(16, 'must be at least 16 characters').optional(),

    PAYMENT_PROVIDER: z.enum(['sandbox', 'stripe']).default('sandbox'),
    STRIPE_SECRET_KEY: text.optional(),
    SANDBOX_URL: z.url().optional(),
    PROVIDER_TIMEOUT_MS: ms(10_000),
    PROVIDER_FAST_TIMEOUT_MS: ms(2_000),

    STOCK_HOLD_MS: ms(15 * 60_000),
    PROCESSING_BUDGET_MS: ms(3 * 60_000),
    RETRY_DELAY_MS: ms(30_000),
    LOST_AFTER_MS: ms(2 * 60_000),
    MAX_RETRIES: z.coerce.number().int().min(0).max(20).default(3),
    MAX_DECLINES: z.coerce.number().int().min(1).max(20).default(3),
    MAX_ATTEMPTS: z.coerce.number().int().min(1).max(100).default(5),
    MAX_REPLAYS: z.coerce.number().int().min(1).max(1_000).default(3),
    UNDO_PATIENCE_MS: ms(40_000),
    UNDO_RETRY_MS: ms(10 * 60_000),

    WORKFLOW_CHECK_MS: ms(10_000),
    RECONCILE_EVERY_MS: ms(15 * 60_000),
    RECONCILE_GRACE_MS: ms(5 * 60_000),

    RETENTION_OUTBOX_MS: ms(60 * 60_000),
    RETENTION_TOPICS_DAYS: days(7),
    RETENTION_PERSONAL_DAYS: days(90),
    RETENTION_DEAD_LETTERS_DAYS: days(90),
    RETENTION_HISTORY_DAYS: days(365),
    RETENTION_AUDIT_DAYS: days(1_825),

    WORKFLOW_STACK_TRACES: flag,
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  })
  .superRefine((all, context) => {
    const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (!all.JWT_SECRET && !all.JWT_JWKS_URL) problem('JWT_SECRET', 'set JWT_SECRET or JWT_JWKS_URL');
    if (!all.SESSION_SECRET) problem('SESSION_SECRET', 'is missing');
    if (all.OIDC_ISSUER && !all.OIDC_CLIENT_ID) problem('OIDC_CLIENT_ID', 'is missing: OIDC_ISSUER needs it');
    if (all.OIDC_ISSUER && !all.PUBLIC_URL) problem('PUBLIC_URL', 'is missing: OIDC_ISSUER sends people back to it');
    if (all.NODE_ENV === 'production' && all.OIDC_ISSUER?.startsWith('http:'))
      problem('OIDC_ISSUER', 'must be https in production');
    if (all.NODE_ENV === 'production' && !all.PUBLIC_URL?.startsWith('https:'))
      problem('PUBLIC_URL', 'must be an https address in production: links and cookies are made for it');
    if (!all.CARRIER_WEBHOOK_SECRET) problem('CARRIER_WEBHOOK_SECRET', 'is missing');
    if (all.PAYMENT_PROVIDER === 'stripe' && !all.STRIPE_SECRET_KEY) problem('STRIPE_SECRET_KEY', 'is missing');
    if (!all.SANDBOX_URL) problem('SANDBOX_URL', 'is missing: carrier and warehouse speak its HTTP contract');
    if (all.KAFKA_SASL_MECHANISM && !(all.KAFKA_SASL_USERNAME && all.KAFKA_SASL_PASSWORD))
      problem('KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
    if (Boolean(all.TEMPORAL_TLS_CERT_FILE) !== Boolean(all.TEMPORAL_TLS_KEY_FILE))
      problem('TEMPORAL_TLS_CERT_FILE', 'TEMPORAL_TLS_CERT_FILE and TEMPORAL_TLS_KEY_FILE belong together');
    // A dead letter that is read anew from its topic must still find its decision.
    if (all.RETENTION_AUDIT_DAYS < all.RETENTION_DEAD_LETTERS_DAYS + 7)
      problem('RETENTION_AUDIT_DAYS', 'must exceed RETENTION_DEAD_LETTERS_DAYS by 7 days or more');
    if (all.NODE_ENV === 'production' && all.PAYMENT_PROVIDER === 'sandbox')
      problem('PAYMENT_PROVIDER', 'the sandbox moves no real money and is refused in production');
  });

/** As they are once every rule above holds. */
export type Settings = z.infer<typeof settingsSchema> & { readonly SESSION_SECRET: string };

function isTimeZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}
