import { Context } from '@temporalio/activity';
import type { Db } from '../db/connection';
import { closeOperatorItems, openOperatorItem } from '../db/operator-items';
import { CredentialsRefused, KeyClosed, ProviderRefused, RequestRejected } from '../providers/errors';
import type { Providers } from '../providers/sandbox-http';

const LOOK_AGAIN_MS = 5 * 60_000;

/**
 * The same providers; one that refuses our credentials is at once listed for operators, and no longer once it accepts
 * them. The process that listed it sees that at its next call; the others look now and then, for a process that is gone.
 */
export function withCredentialAlerts(providers: Providers, db: Db): Providers {
  const names = Object.keys(providers) as (keyof Providers)[];
  return Object.fromEntries(names.map((name) => [name, watched(name, providers[name], db)])) as unknown as Providers;
}

type Call = (...args: unknown[]) => Promise<unknown>;

function watched<Port extends object>(provider: keyof Providers, port: Port, db: Db): Port {
  const item = { kind: 'CREDENTIALS_REFUSED', subject: provider } as const;
  let looksAgainAt = 0;

  async function accepted(): Promise<void> {
    if (Date.now() < looksAgainAt) return;
    looksAgainAt = Date.now() + LOOK_AGAIN_MS;
    try {
      await closeOperatorItems(db, item, { state: 'HEALED' });
    } catch (error) {
      looksAgainAt = 0;
      Context.current().log.error('that a provider accepts our credentials could not be noted', { error });
    }
  }

  async function refused(): Promise<void> {
    looksAgainAt = 0;
    Context.current().log.error('a provider refuses our credentials: orders wait until it accepts them', { provider });
    await openOperatorItem(db, { ...item, cause: 'CREDENTIALS_REFUSED' });
  }

  const watch =
    (call: Call): Call =>
    async (...args) => {
      try {
        const result = await call(...args);
        await accepted();
        return result;
      } catch (error) {
        if (error instanceof CredentialsRefused) await refused();
        else if (isProvidersWord(error)) await accepted();
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(port).map(([name, call]) => [name, watch(call as Call)])) as Port;
}

/** It knew us well enough to say no. */
function isProvidersWord(error: unknown): boolean {
  return error instanceof ProviderRefused || error instanceof KeyClosed || error instanceof RequestRejected;
}
