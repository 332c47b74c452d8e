import { spread, Window } from './figures';
import type { HttpFigures } from './http-load';
import { ask, openSockets, prepareGet } from './rush';

/** A reader for each path, who asks for it again after each response, on a connection of its own; throws at any error. */
export async function readersOf(
  url: string,
  token: string,
  paths: readonly string[],
  { warmUpS, seconds }: { readonly warmUpS: number; readonly seconds: number },
): Promise<HttpFigures> {
  const sockets = await openSockets(url, paths.length);
  const window = new Window(warmUpS, seconds);
  const times: number[] = [];
  try {
    await Promise.all(
      sockets.map(async (socket, reader) => {
        const request = prepareGet(paths[reader] as string, token);
        while (!window.isOver()) {
          const { status, body, ms } = await ask(socket, request);
          if (status !== 200) throw new Error(`unexpected response: HTTP ${status} ${body}`);
          if (window.count()) times.push(ms);
        }
      }),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return { perSecond: window.perSecond, ms: spread(times) };
}
