import { keptForTeardown } from './kept';

/** Ends what the set-up started, and removes its data. */
export default async function tearDown(): Promise<void> {
  await keptForTeardown()?.stop();
}
