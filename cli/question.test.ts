import { PassThrough } from 'node:stream';
import { ask } from './question';

describe('a question at the terminal', () => {
  test.each([
    ['a word', 'yes\r', 'yes'],
    ['nothing but Enter', '\r', ''],
    ['Ctrl-C', '\u0003', ''],
    ['Ctrl-D', '\u0004', ''],
    ['Ctrl-C after a character', 'y\u0003', ''],
  ])('takes %s', async (_what, typed, wanted) => {
    const input = new PassThrough();
    const output = Object.assign(new PassThrough(), { isTTY: true });
    output.resume();
    const typedLine = ask('Go on? ', input, output);
    input.write(typed);
    expect(await typedLine).toBe(wanted);
  });

  test('ends with its input', async () => {
    const input = new PassThrough();
    const typedLine = ask('Go on? ', input, new PassThrough());
    input.end();
    expect(await typedLine).toBe('');
  });
});
