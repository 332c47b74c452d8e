import { kept } from './global-setup';

/** Ends what the set-up started, and removes its data. */
export default async function tearDown(): Promise<void> {
  await kept.ordersagaTestSystem?.close();
}
