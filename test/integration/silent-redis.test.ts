import { createLogger } from '../../observability/logger';
import { openRedis } from '../../redis/connection';
import { Fixture } from '../support/fixture';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

describe('a connection to Redis whose other end is gone without a word', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();

  test('is replaced once a command has found it out', async () => {
    const url = shop.system.redis;
    // The stack does without Redis where it cannot be had.
    if (!url) return;
    const network = fixture.use(await TcpProxy.to(url));
    const redis = openRedis(network.through(url), createLogger('test', 'silent'));
    fixture.defer(async () => redis.disconnect());
    const answers = () => redis.ping().then(Boolean, () => false);
    await until('Redis to answer', answers, Boolean);
    network.silence();
    await until('Redis to be silent', answers, (isThere) => !isThere);
    network.restore();
    await until('Redis to answer again', answers, Boolean);
  });
});
