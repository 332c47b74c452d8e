import { stackRemove } from '../../stack/stack';
import { keptForTeardown } from './kept';

/** Ends what the set-up started, and removes its data. */
export default async function tearDown(): Promise<void> {
  const kept = keptForTeardown();
  if (!kept) return;
  await Promise.all(kept.roles.map((role) => role.end('SIGTERM')));
  await stackRemove(kept.stackName);
}
