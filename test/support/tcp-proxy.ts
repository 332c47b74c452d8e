import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const WAYS = ['there', 'back'] as const;
type Way = (typeof WAYS)[number];

/** Bytes under way, in their order. */
class Lane {
  private readonly queue: { readonly dueAt: number; readonly arrive: () => void }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private lastDueAt = 0;

  /** `arrive` comes after all that is under way; with neither delay nor anything before it, at once. */
  send(arrive: () => void, delayMs: number, takesMs: number): void {
    if (this.queue.length === 0 && delayMs === 0 && takesMs === 0) arrive();
    else {
      this.lastDueAt = Math.max(performance.now() + delayMs, this.lastDueAt) + takesMs;
      this.queue.push({ dueAt: this.lastDueAt, arrive });
      this.timer ??= setTimeout(() => this.deliver(), this.lastDueAt - performance.now());
    }
  }

  private deliver(): void {
    this.timer = undefined;
    for (let [next] = this.queue; next && next.dueAt <= performance.now(); [next] = this.queue) {
      this.queue.shift();
      next.arrive();
    }
    const [next] = this.queue;
    if (next) this.timer = setTimeout(() => this.deliver(), next.dueAt - performance.now());
  }
}

/** The network between two parts, which a test can slow down or cut: with an error at once, or silently as when a host is lost. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  /** By connection, the ways on which nothing arrives any more. */
  private readonly silenced = new Set<Set<Way>>();
  private silentWays: readonly Way[] = [];
  private isRefusing = false;
  private delayMs = 0;
  private msPerByte = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', (near) => this.join(near));
  }

  /** `target` is a URL, or host:port. */
  static async to(target: string): Promise<TcpProxy> {
    const { hostname: host, port } = new URL(target.includes('://') ? target : `tcp://${target}`);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, { host, port: Number(port) });
  }

  /** Where the target is reached through this proxy: host:port. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The same URL, through this proxy. */
  through(url: string): string {
    const through = new URL(url);
    through.host = this.address;
    return through.href;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.silenced.size;
  }

  /** All that is sent arrives so much later. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** No more than so many bytes a second get through, on each connection and way. */
  throttle(bytesPerSecond: number): void {
    this.msPerByte = 1_000 / bytesPerSecond;
  }

  /** Every connection is reset; new ones are not. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Every connection is reset, and new ones are. */
  refuse(): void {
    this.isRefusing = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nothing arrives any more, on both ways or on one, and neither side is shown so: no FIN, no RST. */
  silence(...ways: readonly Way[]): void {
    this.silentWays = ways.length > 0 ? ways : WAYS;
    for (const silenced of this.silenced) for (const way of this.silentWays) silenced.add(way);
  }

  /** New connections get through again; those that were silenced stay lost. */
  restore(): void {
    this.isRefusing = false;
    this.silentWays = [];
    this.delayMs = 0;
    this.msPerByte = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    this.keep(near);
    if (this.isRefusing) near.destroy();
    else {
      const far = this.keep(connect(this.target.port, this.target.host));
      const silenced = new Set(this.silentWays);
      this.silenced.add(silenced);
      near.once('close', () => this.silenced.delete(silenced));
      const pass = (way: Way, from: Socket, to: Socket) => {
        const lane = new Lane();
        const send = (arrive: () => void, bytes: number) =>
          lane.send(
            () => {
              if (!silenced.has(way)) arrive();
            },
            this.delayMs,
            bytes * this.msPerByte,
          );
        from.on('data', (bytes) => send(() => to.write(bytes), bytes.length));
        from.once('close', () => send(() => to.destroySoon(), 0));
      };
      pass('there', near, far);
      pass('back', far, near);
    }
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    return socket;
  }
}
