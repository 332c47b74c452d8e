import { Command, CommanderError } from 'commander';
import { CommandError, commandErrorOf, EXIT, type ExitCode } from './command-error';
import { couponCommands } from './commands/coupon';
import { dltCommands } from './commands/dlt';
import { itemsCommands } from './commands/items';
import { openCommand } from './commands/open';
import { ordersCommands } from './commands/orders';
import { outboxCommands } from './commands/outbox';
import { reconcileCommand } from './commands/reconcile';
import { sagaCommands } from './commands/saga';
import { tokenCommand } from './commands/token';
import { jsonText, printable } from './output';

const ABOUT = `
Talks to the API of ORDERSAGA_API, or of the stack that is up on this machine, with ORDERSAGA_TOKEN or a development
token for an operator. Data go to stdout, everything else to stderr. With --json, everywhere, the data are JSON, and a
failure ends stderr with one line of JSON: the API's problem, or another object with code and detail.

Exit codes: 0 ok, 1 refused or failed, 2 usage, 3 not found, 4 not allowed, 5 the system is unavailable.

What needs a person, and what no longer fits together:
  ordersaga items
  ordersaga reconcile

A stuck order, in three commands:
  ordersaga saga list --needs-operator
  ordersaga saga show 42
  ordersaga saga resolve 42 --step shipment --decision RETRY --reason 'the carrier was called'`;

/** Runs one of the operator's commands and returns its exit code. */
export async function runCommand(args: readonly string[]): Promise<ExitCode> {
  process.stdout.on('error', endQuietly);
  const isJson = args.includes('--json');
  const program = new Command('ordersaga')
    .description('Orders, their sagas and what went wrong, for operators.')
    .addHelpText('after', ABOUT)
    .showHelpAfterError('(--help says more)')
    .configureOutput(isJson ? { writeErr: () => undefined } : {})
    .exitOverride();
  for (const add of [
    itemsCommands,
    sagaCommands,
    dltCommands,
    ordersCommands,
    couponCommands,
    outboxCommands,
    reconcileCommand,
    openCommand,
    tokenCommand,
  ])
    add(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return endUsage(error, isJson);
    const failure = commandErrorOf(error);
    if (!failure) throw error;
    process.stderr.write(`${isJson ? jsonText(failure) : printable(failure.message)}\n`);
    return failure.exitCode;
  }
}

/** Commander has printed the text already. */
function endUsage({ exitCode, message }: CommanderError, isJson: boolean): ExitCode {
  if (exitCode === 0) return EXIT.ok;
  if (isJson) process.stderr.write(`${jsonText(new CommandError(EXIT.usage, message.replace(/^error: /, '')))}\n`);
  return EXIT.usage;
}

/** The reader of our output, such as `head`, has read enough. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
}
