import { PassThrough } from 'node:stream';
import { ask } from './question';

describe('a question at the terminal', () => {
  test.each([
    ['an answer', 'yes\r', 'yes'],
    ['nothing but Enter', '\r', ''],
    ['Ctrl-C', '\u0003', ''],
    ['Ctrl-D', '\u0004', ''],
    ['Ctrl-C after a dead letter', 'y\u0003', ''],
  ])('is answered by %s', async (_what, typed, wanted) => {
    const input = new PassThrough();
    const output = Object.assign(new PassThrough(), { isTTY: true });
    output.resume();
    const answer = ask('Go on? ', input, output);
    input.write(typed);
    expect(await answer).toBe(wanted);
  });

  test('is left when its input ends', async () => {
    const input = new PassThrough();
    const answer = ask('Go on? ', input, new PassThrough());
    input.end();
    expect(await answer).toBe('');
  });
});
