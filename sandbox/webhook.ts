import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { deadline } from '../contracts/deadline';
import { CARRIER_SIGNATURE_HEADER, type CarrierWebhook } from '../contracts/provider-api';

export interface WebhookOptions {
  url: string;
  /** Key of the HMAC-SHA256 over the body. */
  secret: string;
}

const ATTEMPTS = 8;
const FIRST_GAP_MS = 250;
const TIMEOUT_MS = 5_000;

/** Posts carrier events, signed, each until it is taken (8 times with doubling gaps); undelivered ones die with the process. */
export class WebhookSender {
  readonly #stopping = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  constructor(private readonly options: WebhookOptions | undefined) {}

  /** Returns at once; the carrier's scanner doesn't wait for its customers. */
  send(event: CarrierWebhook): void {
    if (!this.options) return;
    const sending = this.#deliver(this.options, JSON.stringify(event)).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#sending);
  }

  async #deliver({ url, secret }: WebhookOptions, body: string): Promise<void> {
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const { signal } = this.#stopping;
    let problem: unknown;
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt += 1) {
      if (attempt > 0) await sleep(FIRST_GAP_MS * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', [CARRIER_SIGNATURE_HEADER]: signature },
          body,
          signal: deadline(TIMEOUT_MS, signal),
        });
        await response.arrayBuffer();
        if (response.ok) return;
        problem = `HTTP ${response.status}`;
      } catch (error) {
        problem = error;
      }
    }
    if (!signal.aborted) process.stderr.write(`sandbox: webhook to ${url} given up: ${String(problem)}\n`);
  }
}
