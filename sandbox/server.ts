import { once } from 'node:events';
import { createServer } from 'node:http';
import { sandboxApp } from './app';
import { HeldRequests } from './held-requests';
import { Outages } from './outages';
import { openStandIns } from './providers';
import { type WebhookOptions, WebhookSender } from './webhook';

export interface SandboxOptions {
  /** 0 takes a free one. */
  port: number;
  /** Where the journal lives; one running sandbox a directory. */
  dataDir: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** Where the carrier posts its scans; absent: nowhere. */
  webhook?: WebhookOptions;
  defaults?: {
    /** The delay of a `slow` outage that names none; default 2000. */
    slowMs?: number;
    /** How many records a page of a list has; default 100. */
    pageSize?: number;
  };
}

export interface Sandbox {
  readonly url: string;
  /** Ends held requests, responds to the others, and closes the journal. */
  close(): Promise<void>;
}

/** Starts the payment, carrier and warehouse stand-ins on one port, in the state that the journal has. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port, dataDir, host = '127.0.0.1', webhook, defaults } = options;
  const { standIns, journal } = await openStandIns(dataDir);
  const held = new HeldRequests();
  const webhooks = new WebhookSender(webhook);
  const outages = new Outages();
  const { slowMs = 2_000, pageSize = 100 } = defaults ?? {};
  const server = createServer(sandboxApp({ standIns, journal, outages, held, webhooks, slowMs, pageSize }));
  // Longer than any client keeps an idle connection, so that none is closed under a request.
  server.keepAliveTimeout = 65_000;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await journal.close();
    throw error;
  }
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;

  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => (closing ??= close()),
  };

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    held.releaseAll();
    // Every other request waits for the disk at most.
    const deadline = setTimeout(() => server.closeAllConnections(), 2_000);
    await closed;
    clearTimeout(deadline);
    await webhooks.close();
    await journal.close();
  }
}
