import type { TimelineView } from '../../contracts/responses/common';

export type Entries = readonly TimelineView[];

/** Both, by id and each once; the very same array where there is nothing new. */
export function mergeEntries(known: Entries, news: Entries): Entries {
  const ids = new Set(known.map(({ id }) => id));
  const added = news.filter(({ id }) => !ids.has(id) && ids.add(id));
  return added.length === 0 ? known : [...known, ...added].sort((one, other) => one.id - other.id);
}

/** The id after which a stream resumes; 0: from the beginning. */
export const lastIdOf = (entries: Entries): number => entries.at(-1)?.id ?? 0;
