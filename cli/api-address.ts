import { CommandError, EXIT } from './command-error';

/** Where the API's paths begin, as ORDERSAGA_API names it: with the path it may have, without a slash at its end. */
export function apiAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CommandError(
      EXIT.usage,
      'ORDERSAGA_API must begin with http:// or https://: write http://localhost:3000',
    );
  // The text itself is not shown: it may hold a password.
  if (url.username || url.password || url.search || url.hash)
    throw new CommandError(EXIT.usage, 'ORDERSAGA_API takes no user, password, query or fragment');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
