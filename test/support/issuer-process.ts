import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IssuerOptions } from './issuer';

/** A real OpenID Connect provider on a port of its own; it says where it is, and ends with its parent. */
async function main(): Promise<void> {
  const { clientId, clientSecret, redirectUri, accounts } = JSON.parse(process.argv[2] ?? '') as IssuerOptions;
  process.once('disconnect', () => process.exit());
  const { default: Provider } = await import('oidc-provider');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email'], profile: ['role'] },
    findAccount(_context, sub) {
      const account = accounts.find((known) => known.sub === sub);
      return account && { accountId: sub, claims: async () => ({ ...account }) };
    },
  });
  server.on('request', provider.callback());
  process.send?.(url);
}

void main();
