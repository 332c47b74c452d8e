import type { SystemAddresses } from './environment';

/** The sum of a process's samples of a metric that carry all these labels; 0 where there is none yet. */
export async function metric(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** The values that a label of a metric has in a process. */
export async function labelsOf(url: string, name: string, label: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return [...new Set(samples.flatMap((line) => new RegExp(`${label}="([^"]*)"`).exec(line)?.[1] ?? []))];
}

/** How the bridge's records of a topic have ended so far. */
export async function recordOutcomes(system: SystemAddresses, topic: string) {
  const of = (outcome: string) => metric(system.probes.bridge, 'ordersaga_kafka_records_total', { topic, outcome });
  const [processed, duplicate, dead] = await Promise.all([of('processed'), of('duplicate'), of('dead')]);
  return { processed, duplicate, dead };
}
