import { parseEventTime } from './event-time';

const read = (text: string, zone = 'Asia/Seoul') => parseEventTime(text, zone)?.toISOString();

describe('an event time', () => {
  it.each([
    ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.000Z'],
    ['2026-01-31T09:30:00+09:00', '2026-01-31T00:30:00.000Z'],
    ['2026-01-31T09:30:00.5-0330', '2026-01-31T13:00:00.500Z'],
  ])('with a zone is that instant: %s', (text, instant) => expect(read(text)).toBe(instant));

  it.each([
    ['2026-01-31T09:30', '2026-01-31T00:30:00.000Z'],
    ['2026-01-31T09:30:15.123456789', '2026-01-31T00:30:15.123Z'],
    ['2026-01-31 09:30:15', '2026-01-31T00:30:15.000Z'],
  ])('without a zone is a wall clock of EVENT_TIME_ZONE: %s', (text, instant) => expect(read(text)).toBe(instant));

  it('follows the days on which a zone changes its clocks', () => {
    expect(read('2026-03-29T01:59:59', 'Europe/Berlin')).toBe('2026-03-29T00:59:59.000Z');
    expect(read('2026-03-29T03:00:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(read('2026-10-25T03:00:00', 'Europe/Berlin')).toBe('2026-10-25T02:00:00.000Z');
  });

  it.each(['yesterday', '', '2026-02-30T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31', '1767229200000'])(
    'is refused when it is none: %p',
    (text) => expect(read(text)).toBeUndefined(),
  );
});
