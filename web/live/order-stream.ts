import type { TimelineView } from '../../contracts/responses/common';
import { type Entries, lastIdOf, mergeEntries } from './entries';
import { reconnectDelayMs } from './reconnect';

const ENTRY_TYPES = ['status', 'step', 'request', 'refused', 'resolution', 'notice'] as const;
const CLOSED = 2;
/** A reconnection that takes no longer is no interruption. */
const GRACE_MS = 1_500;
/** A heartbeat comes every 15 s. */
const SILENCE_MS = 40_000;

/** What of the browser's EventSource is used. */
export interface EventStream {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

export interface StreamHost {
  open(afterId: number): EventStream;
  /** Why a stream was refused is not said by an EventSource: false, as it is of no use to try again. */
  mayResume(): Promise<boolean>;
  onNews(): void;
}

export interface StreamState {
  readonly entries: Entries;
  /** INTERRUPTED: it is being connected again. ENDED: for good, as the reader may not read it (any more). */
  readonly connection: 'CONNECTING' | 'LIVE' | 'INTERRUPTED' | 'ENDED';
}

/** An order's timeline as it grows: each entry once, however often the connection is lost. */
export class OrderStream {
  private current: StreamState = { entries: [], connection: 'CONNECTING' };
  private readonly listeners = new Set<() => void>();
  private source: EventStream | undefined;
  private failures = 0;
  private isStopped = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private graceTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: StreamHost) {}

  readonly state = (): StreamState => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Connects at once, also where a connection is open: it may be dead without knowing. */
  readonly connect = (): void => {
    this.isStopped = false;
    this.disconnect();
    const source = this.host.open(lastIdOf(this.current.entries));
    this.source = source;
    for (const type of ENTRY_TYPES) source.addEventListener(type, ({ data }) => this.take(source, data));
    source.addEventListener('open', () => this.opened(source));
    source.addEventListener('error', () => this.failed(source));
    source.addEventListener('dropped', () => this.closed(source));
    source.addEventListener('heartbeat', () => this.heard(source));
  };

  /** The browser has no network. */
  readonly interrupt = (): void => this.show({ connection: 'INTERRUPTED' });

  stop(): void {
    this.isStopped = true;
    this.disconnect();
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.graceTimer);
    clearTimeout(this.silenceTimer);
    this.graceTimer = undefined;
    this.source?.close();
    this.source = undefined;
  }

  private opened(source: EventStream): void {
    if (source !== this.source) return;
    this.heard(source);
    this.failures = 0;
    clearTimeout(this.graceTimer);
    this.graceTimer = undefined;
    const wasInterrupted = this.current.connection === 'INTERRUPTED';
    this.show({ connection: 'LIVE' });
    if (wasInterrupted) this.host.onNews();
  }

  /** A connection can be dead without anybody saying so: one that is silent for too long is. */
  private heard(source: EventStream): void {
    if (source !== this.source) return;
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      this.interrupt();
      this.connect();
    }, SILENCE_MS);
  }

  private take(source: EventStream, data: unknown): void {
    if (source !== this.source) return;
    const entries = mergeEntries(this.current.entries, [JSON.parse(String(data)) as TimelineView]);
    if (entries === this.current.entries) return;
    this.show({ entries });
    this.host.onNews();
  }

  /** An EventSource whose connection was lost connects again by itself; one that was refused does not. */
  private failed(source: EventStream): void {
    if (source !== this.source) return;
    if (source.readyState === CLOSED) this.closed(source);
    else this.graceTimer ??= setTimeout(this.interrupt, GRACE_MS);
  }

  private closed(source: EventStream): void {
    if (source !== this.source) return;
    this.disconnect();
    this.failures += 1;
    this.graceTimer = setTimeout(this.interrupt, GRACE_MS);
    this.retryTimer = setTimeout(() => void this.resume(), reconnectDelayMs(this.failures, Math.random()));
  }

  private async resume(): Promise<void> {
    const mayResume = await this.host.mayResume();
    // Another connection was opened meanwhile, or none is wanted any more.
    if (this.source || this.isStopped) return;
    if (mayResume) return this.connect();
    this.disconnect();
    this.show({ connection: 'ENDED' });
  }

  private show(change: Partial<StreamState>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }
}
