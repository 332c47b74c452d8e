import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createDevelopmentToken, developmentUserId } from '../../cli/development-token';
import { bearerToken, createAuthentication } from './bearer-tokens';

const SECRET = 'a secret of at least thirty-two characters';
const settings = { JWT_SECRET: SECRET };
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

describe('bearer tokens', () => {
  test('a development token carries user, email and role, and no email as its subject', async () => {
    const authenticate = createAuthentication(settings);
    const identity = await authenticate(await createDevelopmentToken(SECRET, { email: 'kim@example.com' }));
    expect(identity).toMatchObject({
      userId: developmentUserId('kim@example.com'),
      email: 'kim@example.com',
      role: 'customer',
    });
    expect(identity.userId).not.toContain('kim');
    const operator = await createDevelopmentToken(SECRET, { email: 'kim@example.com', role: 'operator' });
    expect((await authenticate(operator)).role).toBe('operator');
  });

  test.each([
    ['signed with another secret', () => createDevelopmentToken('x'.repeat(32), { email: 'kim@example.com' })],
    ['expired', () => createDevelopmentToken(SECRET, { email: 'kim@example.com', ttl: '-1m' })],
    ['without an email', () => sign({}).setExpirationTime('1h').sign(Buffer.from(SECRET))],
    ['without an end', () => sign({ email: 'kim@example.com' }).sign(Buffer.from(SECRET))],
    [
      'of another algorithm',
      () => sign({ email: 'kim@example.com' }, 'HS512').setExpirationTime('1h').sign(Buffer.from(SECRET)),
    ],
    ['with the claims of another', () => withClaims({ sub: 'u2', email: 'lee@example.com', exp: 4_000_000_000 })],
    ['of a user whose id no database takes', () => createDevelopmentToken(SECRET, { email: 'kim\u0000@example.com' })],
    [
      'of a user whose email no event carries',
      () => createDevelopmentToken(SECRET, { email: '4111111111111111@example.com' }),
    ],
    ['without its signature', async () => (await withClaims({})).replace(/[^.]+$/, '')],
    ['unsigned', async () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('a token %s is refused', async (_name, token) => {
    await expect(createAuthentication(settings)(await token())).rejects.toEqual(unauthenticated);
  });

  test('no token is refused', async () => {
    await expect(createAuthentication(settings)(undefined)).rejects.toEqual(unauthenticated);
  });

  test('a token that was good once is refused after its end', async () => {
    const authenticate = createAuthentication(settings);
    const token = await createDevelopmentToken(SECRET, { email: 'kim@example.com', ttl: '10s' });
    await authenticate(token);
    jest.useFakeTimers({ now: Date.now() + 20_000 });
    await expect(authenticate(token)).rejects.toEqual(unauthenticated);
    jest.useRealTimers();
  });

  test('issuer and audience are checked where they are set', async () => {
    const authenticate = createAuthentication({ ...settings, JWT_ISSUER: 'us', JWT_AUDIENCE: 'orders' });
    const email = 'kim@example.com';
    const ours = await createDevelopmentToken(SECRET, { email, issuer: 'us', audience: 'orders' });
    await expect(authenticate(ours)).resolves.toMatchObject({ email });
    for (const other of [{ issuer: 'us' }, { issuer: 'them', audience: 'orders' }])
      await expect(authenticate(await createDevelopmentToken(SECRET, { email, ...other }))).rejects.toEqual(
        unauthenticated,
      );
  });

  test('a key set decides alone: its tokens are good, those of the shared secret are not', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] };
    const server = createServer((_request, response) => response.end(JSON.stringify(keys))).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const authenticate = createAuthentication({ ...settings, JWT_JWKS_URL: `http://127.0.0.1:${port}/` });
      const token = new SignJWT({ email: 'kim@example.com' }).setProtectedHeader({ alg: 'ES256', kid: '1' });
      const signed = await token.setSubject('u1').setExpirationTime('1h').sign(privateKey);
      await expect(authenticate(signed)).resolves.toMatchObject({ userId: 'u1' });
      const shared = await createDevelopmentToken(SECRET, { email: 'kim@example.com' });
      await expect(authenticate(shared)).rejects.toEqual(unauthenticated);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('a key set that cannot be had is not the token’s fault', async () => {
    const authenticate = createAuthentication({ JWT_JWKS_URL: 'http://127.0.0.1:1/' });
    const token = await createDevelopmentToken(SECRET, { email: 'kim@example.com' });
    await expect(authenticate(token.replace(/^[^.]+/, header({ alg: 'ES256', kid: '1' })))).rejects.not.toEqual(
      unauthenticated,
    );
  });

  test('only a bearer header carries a token', () => {
    expect(bearerToken('Bearer a.b.c')).toBe('a.b.c');
    expect(bearerToken('bearer a.b.c')).toBe('a.b.c');
    for (const other of [undefined, '', 'Bearer', 'Basic a', 'Bearer a b']) expect(bearerToken(other)).toBeUndefined();
  });
});

const sign = (claims: Record<string, unknown>, alg = 'HS256') =>
  new SignJWT(claims).setProtectedHeader({ alg }).setSubject('u1');
const withClaims = async (claims: Record<string, unknown>) =>
  (await createDevelopmentToken(SECRET, { email: 'kim@example.com' })).replace(/\.[^.]+\./, `.${header(claims)}.`);
const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
