import { PROBLEM_CODES } from '../contracts/problems';
import { problemBody } from './problem';

describe('the table of problems', () => {
  test.each(PROBLEM_CODES)('%s has a stable type, a client or server status, and words in both languages', (code) => {
    const korean = problemBody(code, 'ko');
    const english = problemBody(code, 'en');
    expect(korean.type).toBe(`/problems/${code.toLowerCase().replaceAll('_', '-')}`);
    expect(english.type).toBe(korean.type);
    expect(korean.status).toBeGreaterThanOrEqual(400);
    expect(korean.status).toBeLessThan(600);
    for (const text of [korean.title, korean.detail]) expect(text).toMatch(/[가-힣]/);
    for (const text of [english.title, english.detail]) expect(text).toMatch(/^[\x20-\x7e]+$/);
  });

  test('a text names the members that it has', () => {
    const { detail, limitBytes } = problemBody('BODY_TOO_LARGE', 'en', { limitBytes: 65_536 });
    expect([detail, limitBytes]).toEqual(['A body may have 65536 bytes here.', 65_536]);
  });

  test('extensions stand beside the standard members', () => {
    expect(problemBody('UNKNOWN_SKU', 'en', { skus: ['tea'] })).toMatchObject({ status: 422, skus: ['tea'] });
  });
});
