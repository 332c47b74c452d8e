import type { TimelineView } from '../contracts/responses/common';

/** One entry of a timeline as one line, without its time. */
export function timelineLine({ type, data }: Pick<TimelineView, 'type' | 'data'>): string {
  const { from, to, step, attempt, state, code, reason, ...rest } = data;
  const because = [code, reason].filter((why) => why !== undefined && why !== null).map(String);
  const suffix = because.length > 0 ? ` (${because.join(': ')})` : '';
  if (type === 'status') return `${from === null ? '' : `${String(from)} → `}${String(to)}${suffix}`;
  if (type === 'step') return `${String(step)} #${String(attempt)} ${String(state)}${suffix}`;
  const named = { step, attempt, state, ...rest };
  const facts = Object.entries(named)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return `${[type, ...facts].join(' ')}${suffix}`;
}
