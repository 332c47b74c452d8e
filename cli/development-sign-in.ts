import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { sealingKeys } from '../config/sealing-keys';
import { developmentUserId } from './development-token';

const TTL = '10m';

/** The path of a link that signs one browser in, once: the api that has the same secrets takes it, but not in production. */
export async function signInPath(
  secrets: string,
  { email, role, returnTo }: { readonly email: string; readonly role: string; readonly returnTo?: string | undefined },
): Promise<string> {
  const [key] = sealingKeys(secrets, 'sign-in-link');
  const token = await new SignJWT({ email, role, returnTo })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(developmentUserId(email))
    .setJti(randomUUID())
    .setExpirationTime(TTL)
    .sign(key);
  return `/auth/link?token=${token}`;
}
