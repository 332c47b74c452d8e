import { EncryptJWT, type JWTPayload, jwtDecrypt, jwtVerify, SignJWT } from 'jose';
import { type Purpose, sealingKeys } from '../../config/sealing-keys';

/** Claims with an end: nothing that was sealed is good for ever. */
export type Claims = Readonly<Record<string, unknown>>;
export interface Opened {
  readonly claims: JWTPayload;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** Encrypts claims so that only this system reads them and nobody changes them. */
export async function seal(secrets: string, purpose: Purpose, claims: Claims, expiresAt: number): Promise<string> {
  const [key] = sealingKeys(secrets, purpose);
  return new EncryptJWT({ ...claims })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(secondsOf(expiresAt))
    .encrypt(key);
}

/** Undefined: it has ended, or it was not sealed here for this purpose. */
export function open(secrets: string, purpose: Purpose, sealed: string): Promise<Opened | undefined> {
  const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
  return firstOf(secrets, purpose, async (key) => (await jwtDecrypt(sealed, key, options)).payload);
}

/** Signs claims that anybody may read. */
export async function sign(secrets: string, purpose: Purpose, claims: Claims, expiresAt: number): Promise<string> {
  const [key] = sealingKeys(secrets, purpose);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(secondsOf(expiresAt))
    .sign(key);
}

/** Undefined: it has ended, or it was not signed here for this purpose. */
export function verified(secrets: string, purpose: Purpose, signed: string): Promise<Opened | undefined> {
  return firstOf(secrets, purpose, async (key) => (await jwtVerify(signed, key, { algorithms: ['HS256'] })).payload);
}

const secondsOf = (ms: number) => Math.floor(ms / 1000);

async function firstOf(
  secrets: string,
  purpose: Purpose,
  openWith: (key: Uint8Array) => Promise<JWTPayload>,
): Promise<Opened | undefined> {
  for (const key of sealingKeys(secrets, purpose)) {
    const claims = await openWith(key).catch(() => undefined);
    if (claims?.exp !== undefined) return { claims, expiresAt: claims.exp * 1000 };
  }
  return undefined;
}
