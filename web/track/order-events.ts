import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isNotFound, isSignedOut } from '../api/failure';
import { statusQuery } from '../api/order-queries';
import { orderEventsUrl } from '../api/orders';
import { OrderStream, type StreamState } from '../live/order-stream';
import { throttled } from '../live/throttled';

const REFRESH_EVERY_MS = 500;

/** The order's timeline, live for as long as it is shown; all else that is known of the order follows it. */
export function useOrderEvents(orderId: string, isSignedIn: boolean): StreamState {
  const queries = useQueryClient();
  const [stream] = useState(
    () =>
      new OrderStream({
        open: (afterId) => new EventSource(orderEventsUrl(orderId, afterId)),
        mayResume: () =>
          queries.fetchQuery({ ...statusQuery(orderId), staleTime: 0, retry: false }).then(
            () => true,
            (error: unknown) => !isSignedOut(error) && !isNotFound(error),
          ),
        onNews: throttled(REFRESH_EVERY_MS, () => void queries.invalidateQueries({ queryKey: ['order', orderId] })),
      }),
  );
  useEffect(() => {
    // Signed in again, perhaps in another tab: it goes on where it was.
    if (isSignedIn) stream.connect();
    globalThis.addEventListener('online', stream.connect);
    globalThis.addEventListener('offline', stream.interrupt);
    return () => {
      globalThis.removeEventListener('online', stream.connect);
      globalThis.removeEventListener('offline', stream.interrupt);
      stream.stop();
    };
  }, [stream, isSignedIn]);
  return useSyncExternalStore(stream.subscribe, stream.state);
}
