import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../client/client';
import type { TimelineEntry } from '../client/schema';
import { commandErrorOf, EXIT } from './command-error';
import { say } from './output';

const RESUME_AFTER_MS = 1_000;
const TRIES = 30;

/** An order's events, in order and once; a stream that breaks is resumed after the last event. */
export async function* orderEvents(api: ApiClient, orderId: number): AsyncGenerator<TimelineEntry> {
  let lastEventId: number | undefined;
  for (let failures = 0; ; failures++) {
    try {
      for await (const event of api.events(orderId, { lastEventId })) {
        lastEventId = event.id;
        failures = 0;
        yield event;
      }
    } catch (error) {
      const isUnavailable = commandErrorOf(error)?.exitCode === EXIT.unavailable;
      // An API that could not be reached even once is not waited for.
      if (!isUnavailable || lastEventId === undefined || failures >= TRIES) throw error;
    }
    say('the stream broke off: it is resumed');
    await sleep(RESUME_AFTER_MS);
  }
}
