import { ConfigurationError, loadSettings } from '../config/load';
import { createDevelopmentToken } from './development-token';

const ROLES = ['customer', 'operator'];
const USAGE = 'usage: npm run -s token -- EMAIL [ROLE]   ROLE: customer (default) or operator';

async function main(args: readonly string[]): Promise<number> {
  const [email, role = 'customer', ...rest] = args;
  if (email === undefined || !/^[^@\s]+@[^@\s]+$/.test(email) || !ROLES.includes(role) || rest.length > 0)
    return complain(USAGE, 2);
  const settings = loadSettings();
  if (settings.NODE_ENV === 'production') return complain('development tokens are not made in production', 1);
  if (!settings.JWT_SECRET || settings.JWT_JWKS_URL)
    return complain('tokens are checked by JWT_JWKS_URL here: ask that issuer for one', 1);
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  console.log(await createDevelopmentToken(settings.JWT_SECRET, { email, role, issuer, audience }));
  return 0;
}

function complain(message: string, exitCode: number): number {
  console.error(message);
  return exitCode;
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error instanceof ConfigurationError ? error.message : error);
    process.exitCode = 1;
  },
);
