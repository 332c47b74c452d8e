import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../../../dev/stack/engine-cache';
import { freePorts } from '../../../dev/stack/ports';
import { environmentWith } from '../../../dev/stack/settings';
import { programNamed, runTool } from '../../../dev/stack/tools';
import { until } from '../../support/until';
import type { Link } from './link';

const VERSION = '2.12.0';
const KILOBYTE = 1_024;

/** Shopify's toxiproxy, a process between the roles and what they need. Undefined where it can be neither found nor built. */
export async function startToxiproxy(log: (line: string) => void): Promise<Toxiproxy | undefined> {
  const program = await installed(log);
  if (!program) return undefined;
  const [port] = await freePorts(1);
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
  const toxiproxy = new Toxiproxy(child, `http://127.0.0.1:${port}`);
  await until(
    'toxiproxy to answer',
    () =>
      fetch(`http://127.0.0.1:${port}/version`).then(
        ({ ok }) => ok,
        () => false,
      ),
    Boolean,
  );
  return toxiproxy;
}

async function installed(log: (line: string) => void): Promise<string | undefined> {
  const onPath = programNamed('toxiproxy-server');
  if (onPath) return onPath;
  const go = programNamed('go') ?? programNamed('go', ['/usr/local/go/bin']);
  if (!go) return undefined;
  const folder = await cached(`toxiproxy-${VERSION}`, log, async (to) => {
    log(`toxiproxy: building ${VERSION} with Go (once)`);
    const env = environmentWith({ GOBIN: to, GOWORK: 'off' });
    await runTool(go, ['install', `github.com/Shopify/toxiproxy/v2/cmd/server@v${VERSION}`], { env, cwd: to });
    await rename(join(to, 'server'), join(to, 'toxiproxy-server'));
  }).catch((error: Error) => {
    log(`toxiproxy cannot be built: ${error.message}`);
    return undefined;
  });
  return folder && join(folder, 'toxiproxy-server');
}

type Attributes = Readonly<Record<string, number>>;

export class Toxiproxy {
  private made = 0;

  constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  async linkTo(target: string, name: string): Promise<Link> {
    this.made += 1;
    const proxy = `${name.replaceAll(' ', '-')}-${this.made}`;
    const made = { name: proxy, listen: '127.0.0.1:0', upstream: target, enabled: true };
    const { listen } = await this.call<{ listen: string }>('POST', '/proxies', made);
    let toxics: string[] = [];
    /** The same on both ways. */
    const poison = async (type: string, attributes: Attributes) => {
      for (const stream of ['upstream', 'downstream']) {
        const { name: toxic } = await this.call<{ name: string }>('POST', `/proxies/${proxy}/toxics`, {
          ...{ name: `${type}-${stream}`, type, stream, toxicity: 1, attributes },
        });
        toxics.push(toxic);
      }
    };
    const enable = (enabled: boolean) => this.call('POST', `/proxies/${proxy}`, { ...made, listen, enabled });
    const heal = async () => {
      for (const toxic of toxics) await this.call('DELETE', `/proxies/${proxy}/toxics/${toxic}`);
      toxics = [];
    };
    return {
      address: listen,
      connections: async () => connectionsTo(Number(listen.split(':')[1])),
      delay: (latency) => poison('latency', { latency, jitter: 0 }),
      throttle: (bytesPerSecond) => poison('bandwidth', { rate: Math.ceil(bytesPerSecond / KILOBYTE) }),
      async reset() {
        await poison('reset_peer', { timeout: 0 });
        await heal();
      },
      refuse: async () => void (await enable(false)),
      // Without an end: it holds the connection open, and drops what comes.
      silence: () => poison('timeout', { timeout: 0 }),
      async restore() {
        await heal();
        await enable(true);
      },
      close: async () => void (await this.call('DELETE', `/proxies/${proxy}`)),
    };
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }

  private async call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as Body;
  }
}

const ESTABLISHED = '01';

/** Established connections to a port of this machine, as the kernel lists them at their server's end. */
function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return lines.filter((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && local?.endsWith(`:${hex}`);
  }).length;
}
