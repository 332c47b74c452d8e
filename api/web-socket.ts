import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Identity } from './access/identity';
import type { ApiContext } from './context';
import { HEARTBEAT_MS, MAX_UNREAD_BYTES, onExpiry, resumeAfter } from './live';

import { ProblemError, problemBody } from './problem';
import { entriesFor, visibleOrder } from './routes/order-access';

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
const POLICY_VIOLATION = 1008;

interface Admission {
  readonly orderId: number;
  readonly afterId: number;
  readonly who: Identity;
}

/** Serves `/topic/order/{orderId}`: the order's timeline, one JSON TimelineView a message; `?lastEventId=` resumes. */
export function serveWebSockets(server: Server, { db, feeds, identify, logger, streams, metrics }: ApiContext): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });

  async function admit(request: IncomingMessage): Promise<Admission> {
    const target = request.url ?? '/';
    if (!URL.canParse(target, 'http://localhost')) throw new ProblemError('NOT_FOUND');
    const url = new URL(target, 'http://localhost');
    const orderId = Number(/^\/topic\/order\/([1-9]\d{0,15})$/.exec(url.pathname)?.[1]);
    if (!Number.isSafeInteger(orderId)) throw new ProblemError('NOT_FOUND');
    const token = url.searchParams.get('access_token') ?? undefined;
    // A page of any origin may open one, and nothing but our own look at where it comes from keeps it from reading.
    const who = await identify(request, { orderId, isChange: true, token });
    const afterId = resumeAfter(url.searchParams.get('lastEventId'), 'ko');
    await visibleOrder(db, orderId, who);
    return { orderId, afterId, who };
  }

  function stream(socket: WebSocket, { orderId, afterId, who }: Admission): void {
    const unfollow = feeds.follow(orderId, afterId, (entries) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) return drop(socket);
      for (const entry of entriesFor(who, entries)) socket.send(JSON.stringify(entry));
    });
    metrics.openStreams.inc({ kind: 'web socket' });
    const stopHeartbeat = dropWhenSilent(socket);
    const stopTimer = onExpiry(who.expiresAt, () => socket.close(POLICY_VIOLATION, 'token expired'));
    const forget = streams.add(() => socket.close(GOING_AWAY, 'server is stopping'));
    socket.on('error', (error) => logger.debug({ err: error, orderId }, 'web socket broke'));
    socket.once('close', () => {
      metrics.openStreams.dec({ kind: 'web socket' });
      stopHeartbeat();
      stopTimer();
      forget();
      unfollow();
    });
  }

  /** The reason comes after what it has not read yet; the library ends a socket that does not read it. */
  function drop(socket: WebSocket): void {
    metrics.streamsDropped.inc({ kind: 'web socket' });
    socket.close(TRY_AGAIN_LATER, 'it reads too slowly');
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    admit(request).then(
      (admission) => sockets.handleUpgrade(request, socket, head, (webSocket) => stream(webSocket, admission)),
      (error: unknown) => {
        if (!(error instanceof ProblemError)) logger.error({ err: error }, 'web socket not opened');
        refuse(socket, error instanceof ProblemError ? error : new ProblemError('SERVICE_UNAVAILABLE'));
      },
    );
  });
}

/** Pings; a client that sent no pong since the last ping is gone. */
function dropWhenSilent(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, HEARTBEAT_MS).unref();
  return () => clearInterval(timer);
}

/** A plain HTTP response, as there is no web socket yet that could carry it. */
function refuse(socket: Duplex, { code, extensions }: ProblemError): void {
  const body = problemBody(code, 'ko', extensions);
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}
