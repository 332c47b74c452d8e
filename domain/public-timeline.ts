/**
 * What a customer sees of an entry of the timeline: by type, these fields and no others. What people who operate the
 * system wrote, who they are, and what a provider said are not the customer's.
 */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  status: ['from', 'to', 'reason'],
  step: ['step', 'attempt', 'state', 'code'],
  request: ['state', 'code', 'next', 'attempt', 'eventId', 'retryCount'],
  notice: ['code', 'sagaState', 'steps'],
  resolution: ['step', 'attempt', 'decision'],
  refused: ['what', 'signal', 'to', 'status'],
};

/** A reason is shown where it is one of our codes: anything else, a person wrote. */
const CODE = /^[A-Z0-9_]{1,100}$/;

export function publicTimelineData(type: string, data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    (SHOWN[type] ?? [])
      .filter((name) => name in data)
      .map((name) => [name, data[name]] as const)
      .filter(([name, value]) => name !== 'reason' || (typeof value === 'string' && CODE.test(value))),
  );
}
