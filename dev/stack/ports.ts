import { connect, createServer } from 'node:net';
import { type PortName, type Ports, portNames, StackError } from './settings';

const names = Object.keys(portNames) as PortName[];
// Below the range from which systems take the ports of outgoing connections, so that a free one stays free.
const FREE_FROM = 20_000;
const FREE_TO = 31_900;

/** Whether this port of the loopback address is free. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether a connection is accepted there within two seconds. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const settle = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}

export interface PortRequests {
  /** Named by the user: an error where something else listens there. */
  readonly explicit: Partial<Ports>;
  /** Used the last time: another is chosen where something else listens there. */
  readonly remembered: Partial<Ports>;
  /** In use by this very stack, hence not looked at. */
  readonly ours: ReadonlySet<PortName>;
  /** Without defaults each port is one that happens to be free. */
  readonly defaults: boolean;
  readonly log: (line: string) => void;
}

/** Chooses every port of a stack; throws a StackError when one that was asked for is taken. */
export async function choosePorts(requests: PortRequests): Promise<Ports> {
  const chosen: Partial<Ports> = {};
  for (const name of names) chosen[name] = await choosePort(name, requests, new Set(Object.values(chosen)));
  return chosen as Ports;
}

async function choosePort(name: PortName, requests: PortRequests, taken: ReadonlySet<number>): Promise<number> {
  const { variable, fallback } = portNames[name];
  const remembered = requests.remembered[name];
  if (remembered !== undefined && requests.ours.has(name)) return remembered;
  const explicit = requests.explicit[name];
  if (explicit !== undefined) {
    if (!taken.has(explicit) && (await isFree(explicit))) return explicit;
    throw new StackError(
      `${variable} is ${explicit}, but something else listens there: stop it, or set another ${variable}.`,
    );
  }
  const preferred = remembered ?? (requests.defaults ? fallback : undefined);
  if (preferred !== undefined && !taken.has(preferred) && (await isFree(preferred))) return preferred;
  const port = await freePort(taken);
  if (preferred !== undefined)
    requests.log(`port ${preferred} (${variable}) is taken by something else: using ${port}`);
  return port;
}

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

/** So many ports of the loopback address that are free at this moment, and that no outgoing connection will take. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort(ports));
  return [...ports];
}
