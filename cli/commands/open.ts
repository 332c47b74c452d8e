import type { Command } from 'commander';
import { developmentSignInLink } from '../access';
import { command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { print } from '../output';
import { checkedEmail, roleNamed } from './token';

interface OpenOptions extends JsonOption {
  readonly email: string;
  readonly role: string;
}

export function openCommand(program: Command): void {
  command(program, 'open [path]', 'a link that signs one browser in, once, in development', [
    '',
    '/track/42 --email kim@example.com --role customer',
  ])
    .option('--email <email>', 'who signs in', 'operator@example.com')
    .option('--role <role>', 'customer, viewer or operator', 'operator')
    .action(async (path: string | undefined, { email, role, ...options }: OpenOptions) => {
      if (path !== undefined && !/^\/(?!\/)/.test(path))
        throw new CommandError(EXIT.usage, `not a path of this server: ${path}`);
      const link = await developmentSignInLink(checkedEmail(email), roleNamed(role), path);
      show(link, options, ({ url }) => print(url));
    });
}
