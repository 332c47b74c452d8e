import type { Response } from 'express';
import type { Metrics } from '../observability/metrics';
import { HEARTBEAT_MS, MAX_UNREAD_BYTES } from './live';

/** How long a reader may take, after the end, to read what it was sent before. */
const LAST_WORDS_MS = 30_000;

/** Server-sent events to one reader; one that reads too slowly is dropped, with the reason as its last event. */
export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;
  private readonly closed: (() => void)[] = [];

  constructor(
    private readonly response: Response,
    private readonly metrics: Pick<Metrics, 'openStreams' | 'streamsDropped'>,
  ) {
    response.locals.isStream = true;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    metrics.openStreams.inc({ kind: 'sse' });
    this.heartbeat = setInterval(() => this.write('event: heartbeat\ndata: {}\n\n'), HEARTBEAT_MS).unref();
    response.once('close', () => {
      metrics.openStreams.dec({ kind: 'sse' });
      this.stop();
    });
  }

  /** Calls back once, when nothing is to be written any more. */
  onStop(callBack: () => void): void {
    this.closed.push(callBack);
  }

  write(text: string): void {
    if (this.response.writableEnded) return;
    if (this.response.writableLength <= MAX_UNREAD_BYTES) this.response.write(text);
    else this.drop();
  }

  end(lastWords = ''): void {
    if (this.response.writableEnded) return;
    this.response.end(lastWords);
    setTimeout(() => this.response.destroy(), LAST_WORDS_MS).unref();
    this.stop();
  }

  private drop(): void {
    this.metrics.streamsDropped.inc({ kind: 'sse' });
    this.end('event: dropped\ndata: {"reason":"SLOW_READER"}\n\n');
  }

  private stop(): void {
    clearInterval(this.heartbeat);
    for (const callBack of this.closed.splice(0)) callBack();
  }
}
