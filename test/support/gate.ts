import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

type Way = 'there' | 'back';

/** A way to a server that can be shut, there or back: what is sent then arrives nowhere, and neither side notices. */
export class Gate {
  private readonly sockets = new Set<Socket>();
  private readonly shutWays = new Set<Way>();

  private constructor(private readonly server: Server) {}

  /** `target` is host:port. */
  static async before(target: string): Promise<Gate> {
    const { hostname: host, port } = new URL(`tcp://${target}`);
    const server = createServer();
    const gate = new Gate(server);
    server.on('connection', (near) => gate.join(near, connect(Number(port), host)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gate;
  }

  /** Where the target is reached through the gate: host:port. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  shut(...ways: readonly [Way, ...Way[]]): void {
    for (const way of ways) this.shutWays.add(way);
  }

  /** Ends every connection; what was held back is lost. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket, far: Socket): void {
    for (const [way, from, to] of [
      ['there', near, far],
      ['back', far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (bytes) => {
        if (!this.shutWays.has(way)) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!this.shutWays.has(way)) to.destroy();
      });
    }
  }
}
