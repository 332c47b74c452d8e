import { ApiClient } from '../client/client';
import { operatorAccess } from '../config/operator-access';
import { apiAddress } from './api-address';
import { CommandError, EXIT } from './command-error';

/** What a bearer token consists of (RFC 6750). */
const TOKEN = /^[\w.~+/-]+=*$/;

/** The API of ORDERSAGA_API, or of the stack that is up, with ORDERSAGA_TOKEN or a development token for an operator. */
export async function openApi(): Promise<ApiClient> {
  const { api, token } = operatorAccess();
  if (token !== undefined && !TOKEN.test(token))
    throw new CommandError(EXIT.usage, 'ORDERSAGA_TOKEN has a character that no token has: a line break, a space?');
  return new ApiClient({
    address: api === undefined ? stack().stackApi() : apiAddress(api),
    token: token ?? (await developmentToken('operator@example.com', 'operator')),
  });
}

/** A token that the API of this machine's stack accepts; never in production. */
export async function developmentToken(email: string, role: string): Promise<string> {
  return stack().developmentToken(email, role);
}

/** A link to this machine's stack that signs one browser in, once; never in production. */
export async function developmentSignInLink(
  email: string,
  role: string,
  returnTo: string | undefined,
): Promise<{ readonly url: string; readonly email: string; readonly role: string }> {
  return { url: await stack().signInLink(email, role, returnTo), email, role };
}

/** Loaded where it is needed: the settings and the signing of tokens are half of a command's start. */
function stack(): typeof import('./stack-access') {
  return require('./stack-access') as typeof import('./stack-access');
}
