import type { Command } from 'commander';
import { developmentToken } from '../access';
import { command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { print } from '../output';

const ROLES = ['customer', 'operator'];

export function tokenCommand(program: Command): void {
  command(program, 'token <email> [role]', 'a token for development; role: customer (default) or operator', [
    'kim@example.com',
    'lee@example.com operator',
  ]).action(async (email: string, role: string | undefined, options: JsonOption) => {
    const wanted = role ?? 'customer';
    if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw new CommandError(EXIT.usage, `not an email address: ${email}`);
    if (!ROLES.includes(wanted)) throw new CommandError(EXIT.usage, `role is customer or operator, not ${wanted}`);
    const token = await developmentToken(email, wanted);
    show({ email, role: wanted, token }, options, (made) => print(made.token));
  });
}
