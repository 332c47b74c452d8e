import { webcrypto } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Settings } from '../../config/settings';
import { ProblemError } from '../problem';
import { type Identity, identityOf } from './identity';

/** Identifies the bearer of a token; throws UNAUTHENTICATED. */
export type Authenticate = (token: string | undefined) => Promise<Identity>;

type TokenSettings = Pick<Settings, 'JWT_SECRET' | 'JWT_JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE'> &
  Partial<Pick<Settings, 'ROLE_CLAIM'>>;

/** A token that was good is not checked again for this long, and at most this many are remembered. */
const REMEMBER_MS = 60_000;
const REMEMBER_TOKENS = 10_000;

/** Verifies tokens by the configured key set, or else by the shared secret; never by the algorithm that the token names. */
export function createAuthentication(settings: TokenSettings): Authenticate {
  const verify = verifier(settings);
  const known = new Map<string, { readonly identity: Identity; readonly until: number }>();
  return async (token) => {
    if (token === undefined) throw new ProblemError('UNAUTHENTICATED');
    const remembered = known.get(token);
    if (remembered && Date.now() < remembered.until) return remembered.identity;
    const identity = await identify(token, verify, settings.ROLE_CLAIM);
    if (known.size >= REMEMBER_TOKENS) known.clear();
    known.set(token, { identity, until: Math.min(Date.now() + REMEMBER_MS, identity.expiresAt) });
    return identity;
  };
}

async function identify(
  token: string,
  verify: (token: string) => Promise<JWTPayload>,
  roleClaim: string | undefined,
): Promise<Identity> {
  let claims: JWTPayload;
  try {
    claims = await verify(token);
  } catch (error) {
    const isTokensFault = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout);
    throw isTokensFault ? new ProblemError('UNAUTHENTICATED') : error;
  }
  const identity = claims.exp === undefined ? undefined : identityOf(claims, claims.exp * 1000, roleClaim);
  if (!identity) throw new ProblemError('UNAUTHENTICATED');
  return identity;
}

function verifier(settings: TokenSettings): (token: string) => Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    clockTolerance: 5,
    requiredClaims: ['exp', 'sub'],
    ...(settings.JWT_ISSUER ? { issuer: settings.JWT_ISSUER } : {}),
    ...(settings.JWT_AUDIENCE ? { audience: settings.JWT_AUDIENCE } : {}),
  };
  if (settings.JWT_JWKS_URL) {
    const keys = createRemoteJWKSet(new URL(settings.JWT_JWKS_URL));
    const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
    return async (token) => (await jwtVerify(token, keys, { ...options, algorithms })).payload;
  }
  if (!settings.JWT_SECRET) throw new Error('neither JWT_JWKS_URL nor JWT_SECRET is set');
  // Imported once: from a KeyObject, the library would do it again for every token.
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const secret = webcrypto.subtle.importKey('raw', Buffer.from(settings.JWT_SECRET), hmac, false, ['verify']);
  return async (token) => (await jwtVerify(token, await secret, { ...options, algorithms: ['HS256'] })).payload;
}

/** The token of an Authorization header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? '')?.[1];
}
