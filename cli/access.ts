import { ApiClient } from '../client/client';
import { ConfigurationError, loadSettings } from '../config/load';
import { operatorAccess } from '../config/operator-access';
import type { Settings } from '../config/settings';
import { apiAddress } from './api-address';
import { CommandError, EXIT } from './command-error';
import { signInPath } from './development-sign-in';
import { createDevelopmentToken } from './development-token';

/** What a bearer token consists of (RFC 6750). */
const TOKEN = /^[\w.~+/-]+=*$/;

/** The API of ORDERSAGA_API, or of the stack that is up, with ORDERSAGA_TOKEN or a development token for an operator. */
export async function openApi(): Promise<ApiClient> {
  const { api, token } = operatorAccess();
  if (token !== undefined && !TOKEN.test(token))
    throw new CommandError(EXIT.usage, 'ORDERSAGA_TOKEN has a character that no token has: a line break, a space?');
  return new ApiClient({
    address: api === undefined ? stackApi() : apiAddress(api),
    token: token ?? (await developmentToken('operator@example.com', 'operator')),
  });
}

/** A token that the API of this machine's stack accepts; never in production. */
export async function developmentToken(email: string, role: string): Promise<string> {
  const settings = stackSettings();
  if (settings.NODE_ENV === 'production')
    throw new CommandError(EXIT.failed, 'development tokens are not made in production: set ORDERSAGA_TOKEN');
  if (!settings.JWT_SECRET || settings.JWT_JWKS_URL)
    throw new CommandError(EXIT.failed, 'tokens are checked by JWT_JWKS_URL here: ask that issuer for one');
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  return createDevelopmentToken(settings.JWT_SECRET, { email, role, issuer, audience });
}

/** A link to this machine's stack that signs one browser in, once; never in production. */
export async function developmentSignInLink(
  email: string,
  role: string,
  returnTo: string | undefined,
): Promise<{ readonly url: string; readonly email: string; readonly role: string }> {
  const { NODE_ENV, SESSION_SECRET, PUBLIC_URL } = stackSettings();
  if (NODE_ENV === 'production')
    throw new CommandError(EXIT.failed, 'in production, people sign in with OIDC_ISSUER: open PUBLIC_URL/auth/sign-in');
  const path = await signInPath(SESSION_SECRET, { email, role, returnTo });
  return { url: `${PUBLIC_URL ?? stackApi()}${path}`, email, role };
}

function stackApi(): string {
  const { API_HOST: host, API_PORT: port } = stackSettings();
  return `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`;
}

function stackSettings(): Settings {
  try {
    return loadSettings();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const instead = 'or, for a system elsewhere, ORDERSAGA_API and ORDERSAGA_TOKEN';
    throw new CommandError(EXIT.unavailable, `${error.message}\n${instead}`);
  }
}
