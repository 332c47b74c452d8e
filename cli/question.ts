import { createInterface } from 'node:readline';
import { printable } from './output';

/** What is typed in answer; empty where the question was left by Ctrl-C or Ctrl-D. */
export function ask(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input, output });
    const left = () => {
      output.write('\n');
      resolve('');
    };
    lines.once('close', left);
    lines.question(printable(question), (answer) => {
      lines.off('close', left);
      lines.close();
      resolve(answer);
    });
  });
}
