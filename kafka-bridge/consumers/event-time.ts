/** `2026-01-31T09:30`, with seconds, a fraction and a zone where the producer wrote them. */
const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** Reads an event's time; without a zone it is a wall clock in `timeZone`. Undefined: it can't be read. */
export function parseEventTime(text: string, timeZone: string): Date | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const wallClock = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const read = new Date(wallClock);
  const exists =
    read.getUTCMonth() === month - 1 && read.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!exists) return undefined;
  const zone = match[8];
  return new Date(wallClock - (zone === undefined ? zoneOffsetMs(wallClock, timeZone) : fixedOffsetMs(zone)));
}

function fixedOffsetMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** How far the zone's clocks are ahead of UTC when they show `wallClock`; asked twice, for the days when they change. */
function zoneOffsetMs(wallClock: number, timeZone: string): number {
  return offsetAt(wallClock - offsetAt(wallClock, timeZone), timeZone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetAt(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** The time of a record by its `timestamp`; undefined: no database takes it. */
export function recordTime(timestamp: string): Date | undefined {
  const ms = Number(timestamp);
  return Number.isSafeInteger(ms) && ms >= 0 && ms <= 8.64e15 ? new Date(ms) : undefined;
}
