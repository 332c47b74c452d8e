import { randomUUID } from 'node:crypto';
import { EncryptJWT } from 'jose';
import { sealingKeys } from '../config/sealing-keys';
import { developmentUserId } from './development-token';

const TTL = '10m';

/** The path of a link that signs one browser in, once: the api that has the same secrets takes it, but not in production. */
export async function signInPath(
  secrets: string,
  { email, role, returnTo }: { readonly email: string; readonly role: string; readonly returnTo?: string | undefined },
): Promise<string> {
  const [key] = sealingKeys(secrets, 'sign-in-link');
  const token = await new EncryptJWT({ email, role, returnTo })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setSubject(developmentUserId(email))
    .setJti(randomUUID())
    .setExpirationTime(TTL)
    .encrypt(key);
  return `/auth/link?token=${token}`;
}
