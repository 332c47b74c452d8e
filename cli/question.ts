import { createInterface } from 'node:readline';
import { printable } from './output';

/** The line that is typed; empty where Ctrl-C or Ctrl-D ended the question. */
export function ask(
  question: string,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input, output });
    const cancel = () => {
      output.write('\n');
      resolve('');
    };
    lines.once('close', cancel);
    lines.question(printable(question), (typed) => {
      lines.off('close', cancel);
      lines.close();
      resolve(typed);
    });
  });
}
