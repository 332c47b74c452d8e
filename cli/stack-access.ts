import { ConfigurationError, loadSettings } from '../config/load';
import type { Settings } from '../config/settings';
import { CommandError, EXIT } from './command-error';
import { signInPath } from './development-sign-in';
import { createDevelopmentToken } from './development-token';

/** A token that the API of this machine's stack accepts; never in production. @public: access.ts requires it. */
export async function developmentToken(email: string, role: string): Promise<string> {
  const settings = stackSettings();
  if (settings.NODE_ENV === 'production')
    throw new CommandError(EXIT.failed, 'development tokens are not made in production: set ORDERSAGA_TOKEN');
  if (!settings.JWT_SECRET || settings.JWT_JWKS_URL)
    throw new CommandError(EXIT.failed, 'tokens are checked by JWT_JWKS_URL here: ask that issuer for one');
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  return createDevelopmentToken(settings.JWT_SECRET, { email, role, issuer, audience });
}

/** A link that signs one browser in, once; never in production. @public: access.ts requires it. */
export async function signInLink(email: string, role: string, returnTo: string | undefined): Promise<string> {
  const { NODE_ENV, SESSION_SECRET, PUBLIC_URL } = stackSettings();
  if (NODE_ENV === 'production')
    throw new CommandError(EXIT.failed, 'in production, people sign in with OIDC_ISSUER: open PUBLIC_URL/auth/sign-in');
  return `${PUBLIC_URL ?? stackApi()}${await signInPath(SESSION_SECRET, { email, role, returnTo })}`;
}

/** The address of the stack's API. @public: access.ts requires it. */
export function stackApi(): string {
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
