import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataFolder, type Engine, type Log, type StackPlace } from './engine';
import { cached, cachedFolder, isCached } from './engine-cache';
import { copyJars, javaFor } from './maven';
import type { Launch } from './processes';
import { StackError, stackSettings } from './settings';
import { downloadArchive, programNamed, runTool, withProgress } from './tools';

const VERSION = '4.1.1';
const SCALA = '2.13';
const CACHE = `kafka-${VERSION}`;

/** One Kafka broker in KRaft mode; an installation is the folder of its jars. */
export const kafka: Engine = {
  name: 'kafka',
  ports: ['kafka', 'kafkaController'],
  stopSignal: 'SIGTERM',

  async find() {
    const installed = installedJars();
    if (installed) return { kind: 'here', plan: installed, installation: installed };
    const folder = cachedFolder(CACHE);
    if (isCached(CACHE)) return { kind: 'here', plan: folder, installation: join(folder, 'libs') };
    const plan = `Kafka ${VERSION}: downloaded from downloads.apache.org, else through Maven (about 20 seconds), kept in ${folder}`;
    return {
      kind: 'obtain',
      plan,
      obtain: async (log) => join(await cached(CACHE, log, (to) => fetchKafka(to, log)), 'libs'),
    };
  },

  async prepare(jars, place): Promise<Launch> {
    const java = await javaFor('Kafka', ', or set KAFKA_BROKERS');
    const folder = dataFolder(place, 'kafka');
    const properties = join(folder, 'server.properties');
    const logging = join(folder, 'log4j2.properties');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(properties, serverProperties(place, join(folder, 'topics')));
    await writeFile(logging, loggingProperties);
    const base = [
      '-cp',
      join(jars, '*'),
      `-Dlog4j2.configurationFile=${logging}`,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
    ];
    if (!existsSync(join(folder, 'topics', 'meta.properties'))) await format(java, base, folder, properties);
    const args = [...base, '-Xms256m', '-Xmx512m', '-XX:+ExitOnOutOfMemoryError', 'kafka.Kafka', properties];
    return { file: java, args, cwd: folder };
  },

  async isReady(place) {
    const { Kafka, logLevel } = await import('kafkajs');
    const client = new Kafka({
      clientId: 'ordersaga-stack',
      brokers: [`127.0.0.1:${place.ports.kafka}`],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 5_000,
      retry: { retries: 0 },
    });
    const admin = client.admin();
    try {
      await admin.connect();
      return (await admin.describeCluster()).brokers.length > 0;
    } finally {
      await admin.disconnect();
    }
  },
};

function installedJars(): string | undefined {
  const { kafkaHome } = stackSettings();
  const script = programNamed('kafka-server-start.sh') ?? programNamed('kafka-server-start');
  const homes = kafkaHome
    ? [kafkaHome]
    : script
      ? [dirname(dirname(script)), join(dirname(dirname(script)), 'libexec')]
      : [];
  const found = homes.map((home) => join(home, 'libs')).find((libs) => existsSync(libs));
  if (kafkaHome && !found)
    throw new StackError(`KAFKA_HOME is ${kafkaHome}, which holds no libs folder: point it at a Kafka.`);
  return found;
}

async function fetchKafka(folder: string, log: Log): Promise<void> {
  const url = `https://downloads.apache.org/kafka/${VERSION}/kafka_${SCALA}-${VERSION}.tgz`;
  if (await downloadArchive(url, folder, ['--strip-components=1'], log)) return;
  if (!programNamed('mvn'))
    throw new StackError(
      'Kafka is neither on PATH nor to be downloaded, and there is no Maven to fetch it: unpack Kafka 4 and set KAFKA_HOME, ' +
        'install Maven, or set KAFKA_BROKERS.',
    );
  await withProgress(log, `kafka: fetching ${VERSION} through Maven (43 MB, once)`, () =>
    copyJars(
      folder,
      { group: 'org.apache.kafka', artifact: `kafka_${SCALA}`, version: VERSION },
      // Which Kafka's archive has and its artifact doesn't name: without it nothing at all is logged.
      { group: 'org.apache.logging.log4j', artifact: 'log4j-slf4j-impl', version: '2.24.3' },
    ),
  );
}

async function format(java: string, base: readonly string[], folder: string, properties: string): Promise<void> {
  // A UUID in base64 must not begin with a dash, which the tool would take for an option.
  const cluster = `o${randomBytes(16).toString('base64url').slice(1, 21)}w`;
  await rm(join(folder, 'topics'), { recursive: true, force: true });
  await runTool(java, [...base, 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', properties]);
}

function serverProperties({ ports }: StackPlace, topics: string): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.kafkaController}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.kafka}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': topics,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // How long a broker that follows a killed one is refused as its double.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
  };
  return `${Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}

const loggingProperties = `status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
`;
