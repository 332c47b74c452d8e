import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Somebody who can sign in at the issuer, with any password. */
export interface Account {
  readonly sub: string;
  readonly email?: string;
  readonly role?: unknown;
}

export interface IssuerOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly accounts: readonly Account[];
}

export interface Issuer {
  readonly url: string;
  close(): Promise<void>;
}

/** An OpenID Connect provider with one client, as a process of its own; its log-in form takes the `sub` of an account. */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  const child = fork(require.resolve('./issuer-process'), [JSON.stringify(options)], {
    execArgv: ['--require', require.resolve('../../processes/typescript.cjs')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([message]) => message as string),
    ended.then(([code]): never => {
      throw new Error(`the issuer ended at its start, exit code ${String(code)}`);
    }),
  ]);
  return {
    url,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
