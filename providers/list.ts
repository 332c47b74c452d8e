import type { z } from 'zod';
import { listResponseSchema } from '../contracts/provider-api';
import type { HttpCall } from './http-call';

export interface ListPage<Listed> {
  readonly records: readonly Listed[];
  /** The cursor of the next page; undefined: this was the last one. */
  readonly next: string | undefined;
}

/**
 * One page of what has changed at a provider since then, by the provider's clock; the first page without a cursor. All pages
 * together have whatever changed between `since` and the request for the first page, unless it changes again meanwhile: that
 * may be missing here, and is in a list since that request. A list ends, however much changes meanwhile; a record may come
 * twice. Errors as of a look-up: what is no response of the provider is never an empty list.
 */
export type List<Listed> = (since: Date, cursor?: string, signal?: AbortSignal) => Promise<ListPage<Listed>>;

export function listOverHttp<Listed>(call: HttpCall, path: string, listed: z.ZodType<Listed>): List<Listed> {
  const response = listResponseSchema(listed);
  return async (since, cursor, signal) => {
    const query = new URLSearchParams({ since: since.toISOString(), ...(cursor === undefined ? {} : { cursor }) });
    const { records, next } = await call('GET', `${path}?${query.toString()}`, response, { signal });
    return { records, next: next ?? undefined };
  };
}
