import { OpenStreams, resumeAfter } from './live';

describe('live streams', () => {
  test('resume after a known event, or from the beginning', () => {
    expect(resumeAfter(undefined, 'ko')).toBe(0);
    expect(resumeAfter('', 'ko')).toBe(0);
    expect(resumeAfter('48023', 'ko')).toBe(48_023);
  });

  test.each(['x', '-1', '1.5', '99999999999999999', ['1', '2']])('%j is no event’s id', (id) => {
    expect(() => resumeAfter(id, 'ko')).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });

  test('all that are open are closed at once, those that ended are not', () => {
    const streams = new OpenStreams();
    const closed: string[] = [];
    streams.add(() => closed.push('a'));
    const forget = streams.add(() => closed.push('b'));
    forget();
    streams.closeAll();
    expect(closed).toEqual(['a']);
  });
});
