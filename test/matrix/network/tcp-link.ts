import { TcpProxy } from '../../support/tcp-proxy';
import type { LinkTo } from './link';

/** A link through this process. */
export const tcpLink: LinkTo = async (target) => {
  const proxy = await TcpProxy.to(target);
  return {
    address: proxy.address,
    connections: async () => proxy.connections,
    delay: async (ms) => proxy.delay(ms),
    throttle: async (bytesPerSecond) => proxy.throttle(bytesPerSecond),
    reset: async () => proxy.reset(),
    refuse: async () => proxy.refuse(),
    silence: async () => proxy.silence(),
    restore: async () => proxy.restore(),
    close: () => proxy.close(),
  };
};
