import type { Command } from 'commander';
import type { BlockedKey } from '../../client/schema';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { type DecisionOptions, decide, decides } from '../decision';
import { moment, print, say, shortened, table } from '../output';

interface ReleaseOptions extends DecisionOptions {
  readonly base64?: boolean;
  readonly override?: boolean;
}

const WAITS_FOR: Readonly<Record<BlockedKey['waitsFor'], string>> = {
  DECISION: 'a decision',
  RECORD_UNDER_WAY: 'the record on its way',
  NOTHING: 'a dead letter that is not indexed',
};

/** Commands about keys whose records wait behind a dead letter. */
export function blockedKeyCommands(dlt: Command): void {
  command(dlt, 'blocked', 'keys whose later records wait behind a dead letter, the longest wait first', ['', '--json'])
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber)
    .action(async ({ limit, ...options }: JsonOption & { readonly limit?: number }) => {
      const api = await openApi();
      const { data } = await api.call('GET /api/ops/blocked-keys', { query: { limit } });
      show(data, options, printBlockedKeys);
    });

  decides(
    command(dlt, 'release <topic> <key>', 'release a blocked key whose record on its way is lost', [
      "shipment.status 4711 --reason 'its topic was made anew'",
    ]),
  )
    .option('--base64', 'the key is given in Base64')
    .option('--override', 'although the dead letter it waits for is not indexed')
    .action(async (topic: string, key: string, { base64, override, ...options }: ReleaseOptions) => {
      await decide(options, 'POST /api/ops/blocked-keys/release', {
        body: { topic, ...(base64 ? { keyBase64: key } : { key }), override },
        preview: ({ waiting }) => `the key ${key} of ${topic} would be released, waiting records: ${waiting}`,
        print: ({ decisionId }) => print(`${topic}  ${key}  released  decision ${decisionId}`),
      });
    });
}

function printBlockedKeys(keys: readonly BlockedKey[]): void {
  if (keys.length === 0) say('no key is blocked');
  const rows = keys.map(({ topic, key, keyBase64, waiting, movedAt, waitsFor, deadLetter }) => [
    topic,
    shortened(key ?? `(Base64) ${keyBase64}`, 40),
    waiting,
    moment(movedAt),
    deadLetter ?? WAITS_FOR[waitsFor],
  ]);
  print(table(['topic', 'key', 'waiting', 'moved', 'waits for'], rows));
}
