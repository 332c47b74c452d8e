import { parseArgs } from 'node:util';
import { loadSettings } from '../config/load';
import { inWords } from '../observability/last-words';
import { createLogger } from '../observability/logger';
import { startTracing } from '../observability/tracing';
import { endAfter, runMain, stopSignal } from './process';
import { ROLES, type Role, startRoles } from './start';

/** Below the 30 s after which containers are killed. */
const STOP_WITHIN_MS = 25_000;

/** `npm start [-- --role api|relay|bridge|worker|sandbox …]`: all roles, or some, until SIGTERM. */
async function main(): Promise<void> {
  const settings = loadSettings();
  const roles = rolesOf(process.argv.slice(2), settings.NODE_ENV === 'production');
  const logger = createLogger(roles.join('+'), settings.LOG_LEVEL);
  const tracing = startTracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT);
  const running = await startRoles({ roles, settings, logger });
  logger.info({ ...running.addresses }, 'started');
  if (process.connected) process.send?.({ started: running.addresses });
  const reason = await Promise.race([stopSignal(), running.failed.catch((error: unknown) => error)]);
  const isAsked = typeof reason === 'string';
  logger[isAsked ? 'info' : 'error']({ reason: isAsked ? reason : inWords(reason) }, 'stopping');
  endAfter(STOP_WITHIN_MS, () =>
    logger.fatal('a part did not stop in time: what it did is done again by another process'),
  );
  await running.stop();
  await tracing.stop();
  if (!isAsked) throw reason;
}

function rolesOf(args: readonly string[], isProduction: boolean): Role[] {
  const { values } = parseArgs({ args: [...args], options: { role: { type: 'string', multiple: true } } });
  const asked = values.role?.flatMap((list) => list.split(','));
  const unknown = asked?.filter((role) => !ROLES.some((known) => known === role)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no role ${unknown.join(', ')}; roles: ${ROLES.join(', ')}`);
  return ROLES.filter((role) => (asked ? asked.includes(role) : role !== 'sandbox' || !isProduction));
}

runMain(main);
