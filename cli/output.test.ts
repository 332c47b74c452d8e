import { jsonText, printable } from './output';

const CONTROLS = 'a\u001b[2J\u0007\u007f\u009b1m\u202e\u2066b';

test('text that controls the terminal is shown without its effect', () => {
  expect(printable(CONTROLS)).toBe('a·[2J···1m··b');
});

test.each([undefined, 2])('JSON keeps every character, and none of it controls the terminal', (indent) => {
  const data = { text: CONTROLS, 한: ['글\n'] };
  const text = jsonText(data, indent);
  expect(JSON.parse(text)).toEqual(data);
  expect(printable(text)).toBe(text);
});
