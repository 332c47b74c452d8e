import { endOnUncaught, inWords } from '../observability/last-words';
import { runCommand } from './program';

endOnUncaught();
runCommand(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${inWords(error)}\n`);
    process.exitCode = 1;
  },
);
