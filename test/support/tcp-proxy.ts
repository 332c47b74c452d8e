import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The network between two parts, which a test can cut: with an error at once, or silently as when a host is lost. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private state: 'open' | 'refusing' | 'silent' = 'open';

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly port: number,
  ) {}

  static async to(host: string, port: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => proxy.take(client, host, port));
    return proxy;
  }

  /** The same address, through this proxy. */
  through(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href;
  }

  /** Every connection is reset, and new ones are. */
  refuse(): void {
    this.state = 'refusing';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nothing gets through any more, and nobody is shown so: no FIN, no RST. */
  silence(): void {
    this.state = 'silent';
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** New connections get through again; those that were silenced stay lost. */
  restore(): void {
    this.state = 'open';
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private take(client: Socket, host: string, port: number): void {
    this.keep(client);
    if (this.state === 'refusing') client.destroy();
    if (this.state !== 'open') return;
    const upstream = this.keep(connect(port, host));
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.once('close', () => {
        if (this.state !== 'silent') other.destroy();
      });
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    return socket;
  }
}
