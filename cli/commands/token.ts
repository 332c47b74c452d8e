import type { Command } from 'commander';
import { developmentToken } from '../access';
import { command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { print } from '../output';

const ROLES = ['customer', 'viewer', 'operator'];

export function tokenCommand(program: Command): void {
  command(program, 'token <email> [role]', 'a token for development; role: customer (default), viewer or operator', [
    'kim@example.com',
    'lee@example.com operator',
  ]).action(async (email: string, role: string | undefined, options: JsonOption) => {
    const wanted = roleNamed(role ?? 'customer');
    const token = await developmentToken(checkedEmail(email), wanted);
    show({ email, role: wanted, token }, options, (made) => print(made.token));
  });
}

export function checkedEmail(email: string): string {
  if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw new CommandError(EXIT.usage, `not an email address: ${email}`);
  return email;
}

export function roleNamed(role: string): string {
  if (!ROLES.includes(role)) throw new CommandError(EXIT.usage, `role is customer, viewer or operator, not ${role}`);
  return role;
}
