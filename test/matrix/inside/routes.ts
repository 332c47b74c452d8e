/**
 * Sends what a process connects to elsewhere: a client of Kafka learns the broker's own address from the broker, and would
 * leave the network that the harness can cut. `MATRIX_ROUTES` is `host:port=host:port`, several with commas.
 */
import { Socket } from 'node:net';

type AnyFunction = (...args: unknown[]) => unknown;

const routes = new Map(
  (process.env.MATRIX_ROUTES ?? '')
    .split(',')
    .filter(Boolean)
    .map((route) => route.split('=') as [string, string]),
);

if (routes.size > 0) {
  const prototype = Socket.prototype as unknown as { connect: AnyFunction };
  const { connect } = prototype;
  prototype.connect = function (this: Socket, ...args: unknown[]): unknown {
    const [first, ...rest] = args;
    // Node's own functions have made a list of the arguments already.
    if (!Array.isArray(first)) return connect.apply(this, [elsewhere(first), ...rest]);
    // The list is marked as such by a symbol.
    first[0] = elsewhere(first[0]);
    return connect.apply(this, args);
  };
}

function elsewhere(options: unknown): unknown {
  const { host, port } = (options ?? {}) as { host?: string; port?: number };
  const route = routes.get(`${host}:${port}`);
  if (route === undefined) return options;
  const [newHost, newPort] = route.split(':');
  return { ...(options as object), host: newHost, port: Number(newPort) };
}
