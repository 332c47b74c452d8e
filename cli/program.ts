import { Command, CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from './command-error';
import { couponCommands } from './commands/coupon';
import { dltCommands } from './commands/dlt';
import { ordersCommands } from './commands/orders';
import { outboxCommands } from './commands/outbox';
import { sagaCommands } from './commands/saga';
import { tokenCommand } from './commands/token';
import { printable } from './output';

const ABOUT = `
Talks to the API of ORDERSAGA_API, or of the stack that is up on this machine, with ORDERSAGA_TOKEN or a development
token for an operator. Data go to stdout, everything else to stderr; --json everywhere.

Exit codes: 0 ok, 1 refused or failed, 2 usage, 3 not found, 4 not allowed, 5 the system is away.

A stuck order, in three commands:
  ordersaga saga list --needs-operator
  ordersaga saga show 42
  ordersaga saga resolve 42 --step shipment --decision RETRY --reason 'the carrier was called'`;

/** Runs one command of the operator's; answers its exit code. */
export async function runCommand(args: readonly string[]): Promise<ExitCode> {
  process.stdout.on('error', endQuietly);
  const program = new Command('ordersaga')
    .description('Orders, their sagas and what went wrong, for operators.')
    .addHelpText('after', ABOUT)
    .showHelpAfterError('(--help tells more)')
    .exitOverride();
  for (const add of [sagaCommands, dltCommands, ordersCommands, couponCommands, outboxCommands, tokenCommand])
    add(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    const text = error.problem && args.includes('--json') ? JSON.stringify(error.problem) : printable(error.message);
    process.stderr.write(`${text}\n`);
    return error.exitCode;
  }
}

/** Who reads our output has read enough, as `head` does. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
}
