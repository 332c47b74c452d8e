import { postgresAdminUrl } from '../../dev/stack/postgres';
import { knownPlace } from '../../dev/stack/stack-folder';
import { sharedSystem } from './environment';

/** Of the stack's own Postgres; where the tests were given another, their role must be one. */
export async function superuserUrl(): Promise<string> {
  const { stackName, postgres } = sharedSystem();
  const place = await knownPlace(stackName);
  return place && String(place.ports.postgres) === new URL(postgres).port ? postgresAdminUrl(place) : postgres;
}
