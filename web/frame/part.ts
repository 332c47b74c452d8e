import { useQuery } from '@tanstack/react-query';

/** A part of the page that is loaded when it is shown. A network that is gone takes nothing else off the page: it is loaded again later. */
export function usePart<Component>(name: string, load: () => Promise<{ readonly default: Component }>) {
  const { data, isError } = useQuery({
    queryKey: ['part', name],
    // In an object: a query's data is no function.
    queryFn: async () => ({ Part: (await load()).default }),
    retry: TRIES,
    refetchOnReconnect: true,
    retryDelay: RETRY_MS,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return { Part: data?.Part, isError };
}

const RETRY_MS = 2_000;
/** After these, the page is one of an earlier version, whose parts are not there any more: loading the page again helps. */
const TRIES = 5;
