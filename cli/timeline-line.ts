import type { TimelineEntry } from '../client/schema';

/** One entry of a timeline as one line, without its time. */
export function timelineLine({ type, data }: Pick<TimelineEntry, 'type' | 'data'>): string {
  const { from, to, step, attempt, state, code, reason, next, actor, decision, reference, ...rest } = data;
  const because = [code, reason].filter((why) => why !== undefined && why !== null).join(': ');
  const named = Object.entries({ step, attempt, state, next, actor, decision, reference, ...rest })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const texts: Readonly<Record<string, string>> = {
    status: `${from === null ? '' : `${String(from)} → `}${String(to)}`,
    step: `${String(step)} #${String(attempt)} ${String(state)}`,
    resolution: `${String(actor ?? 'operator')} decides: ${[step, decision, reference].filter(Boolean).join(' ')}`,
    ...(state === 'FAILED' ? { request: `attempt ${String(attempt)} FAILED and undone, next: ${String(next)}` } : {}),
  };
  return `${texts[type] ?? [type, ...named].join(' ')}${because === '' ? '' : ` (${because})`}`;
}
