import { join } from 'node:path';
import type { StackPlace } from './engine';
import { environmentWith, StackError } from './settings';
import { programNamed, runTool } from './tools';

const root = join(__dirname, '..', '..');
const services = ['temporal', 'temporal-ui', 'kafka', 'postgres', 'redis'];

/** Starts the engines of docker-compose.yml on this stack's ports. */
export const composeUp = (place: StackPlace): Promise<string> => compose(place, ['up', '--detach', ...services]);

/** Stops and removes the containers; their volumes, which hold the data, stay. */
export const composeDown = (place: StackPlace): Promise<string> => compose(place, ['down']);

async function compose(place: StackPlace, command: readonly string[]): Promise<string> {
  const docker = programNamed('docker');
  const hasCompose = docker && (await runTool(docker, ['compose', 'version']).then(Boolean, () => false));
  if (!hasCompose)
    throw new StackError('--docker needs docker with its compose plugin on PATH: install them, or leave --docker out.');
  const { ports, secrets } = place;
  const env = environmentWith({
    TEMPORAL_PORT: String(ports.temporal),
    TEMPORAL_UI_PORT: String(ports.temporalUi),
    KAFKA_PORT: String(ports.kafka),
    POSTGRES_PORT: String(ports.postgres),
    POSTGRES_PASSWORD: secrets.postgres,
    REDIS_PORT: String(ports.redis),
    // The file asks for these on behalf of the roles, which are not started here.
    JWT_SECRET: 'unused',
    CARRIER_WEBHOOK_SECRET: 'unused',
    SESSION_SECRET: 'unused',
  });
  return runTool(docker, ['compose', '--project-name', `ordersaga-${place.name}`, ...command], { cwd: root, env });
}
