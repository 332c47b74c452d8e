import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';

export interface DevelopmentTokenOptions {
  readonly email: string;
  /** `customer`, `viewer` or `operator`. */
  readonly role?: string;
  /** How long it is valid, such as `24h`. */
  readonly ttl?: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** A JWT signed with HS256; `sub` is the same opaque id for the same email, so that no address reaches Temporal. */
export function createDevelopmentToken(secret: string, options: DevelopmentTokenOptions): Promise<string> {
  const { email, role = 'customer', ttl = '24h', issuer, audience } = options;
  const token = new SignJWT({ email, role })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(developmentUserId(email))
    .setIssuedAt()
    .setExpirationTime(ttl);
  if (issuer) token.setIssuer(issuer);
  if (audience) token.setAudience(audience);
  return token.sign(Buffer.from(secret));
}

/** The user id that a development token gives to an email. */
export function developmentUserId(email: string): string {
  return `user-${createHash('sha256').update(email.trim().toLowerCase()).digest('hex').slice(0, 12)}`;
}
