import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request that is ready to be written: whatever making it costs was paid before. */
export type PreparedRequest = Buffer;

export interface RushResponse {
  readonly status: number;
  readonly body: string;
  /** From writing the request to reading its whole response. */
  readonly ms: number;
  /** When the response was read, ms since 1970. */
  readonly at: number;
}

export function preparePost(path: string, token: string, body: object): PreparedRequest {
  const json = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(json)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`);
}

export const prepareGet = (path: string, token: string): PreparedRequest =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`);

/**
 * Sends each request once, in their order, on so many connections, each after the response to the last. Written to
 * sockets by hand: autocannon takes three times the CPU for it, which the api beside it is short of.
 */
export async function rush(url: string, connections: number, requests: readonly PreparedRequest[]) {
  const sockets = await openSockets(url, connections);
  const responses: RushResponse[] = [];
  const waiting = requests.values();
  const startedAt = now();
  await Promise.all(
    sockets.map(async (socket) => {
      for (const request of waiting) responses.push(await ask(socket, request));
      socket.destroy();
    }),
  );
  return { startedAt, endedAt: now(), responses };
}

/** A few at a time: a server has room for so many connections that it has not accepted yet. */
const OPENED_AT_ONCE = 100;

export async function openSockets(url: string, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const next = Array.from({ length: Math.min(OPENED_AT_ONCE, count - sockets.length) }, async () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      await once(socket, 'connect');
      return socket;
    });
    sockets.push(...(await Promise.all(next)));
  }
  return sockets;
}

const now = () => performance.timeOrigin + performance.now();

/** Both kinds of server that are measured here give every response a content-length. */
const HEAD = /^HTTP\/1\.1 (\d{3}).*?\r\ncontent-length: (\d+)\r\n.*?\r\n\r\n/is;

/** One request and its response. */
export function ask(socket: Socket, request: PreparedRequest): Promise<RushResponse> {
  return new Promise((resolve, reject) => {
    const sentAt = now();
    let read: Buffer = Buffer.alloc(0);
    const onEnd = () => settle(() => reject(new Error(`connection closed before its response: ${read}`)));
    const onData = (chunk: Buffer) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const head = HEAD.exec(read.toString('latin1'));
      if (!head || read.length < head[0].length + Number(head[2])) return;
      const at = now();
      const body = read.toString('utf8', head[0].length);
      settle(() => resolve({ status: Number(head[1]), body, ms: at - sentAt, at }));
    };
    const settle = (how: () => void) => {
      socket.off('data', onData).off('close', onEnd).off('error', reject);
      how();
    };
    socket.on('data', onData).once('close', onEnd).once('error', reject);
    socket.write(request);
  });
}
