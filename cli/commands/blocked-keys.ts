import type { Command } from 'commander';
import type { BlockedKeyReleased, BlockedKeyView } from '../../contracts/responses/dead-letters';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { type DecisionOptions, decide, decides, refuseUnasked, showDecided } from '../decision';
import { moment, print, say, shortened, table } from '../output';

const WAITS_FOR: Readonly<Record<BlockedKeyView['waitsFor'], string>> = {
  DECISION: 'a decision',
  RECORD_UNDER_WAY: 'the record on its way',
  NOTHING: 'a dead letter that is not indexed',
};

/** Commands about the lines behind dead letters. */
export function keyLineCommands(dlt: Command): void {
  command(dlt, 'blocked', 'keys whose later records wait behind a dead letter, the longest still first', ['', '--json'])
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber)
    .action(async ({ limit, ...options }: JsonOption & { readonly limit?: number }) => {
      show(await (await openApi()).get<BlockedKeyView[]>('/api/ops/blocked-keys', { limit }), options, printLines);
    });

  decides(
    command(dlt, 'release <topic> <key>', 'let a line go on whose record under way is lost', [
      "shipment.status 4711 --reason 'its topic was made anew'",
    ]),
  )
    .option('--base64', 'the key is given in Base64')
    .option('--override', 'although the dead letter it waits for is not indexed')
    .action(
      async (
        topic: string,
        key: string,
        { base64, override, ...options }: DecisionOptions & { readonly base64?: boolean; readonly override?: boolean },
      ) => {
        refuseUnasked(options);
        const command = { topic, ...(base64 ? { keyBase64: key } : { key }), ...(override ? { override } : {}) };
        const would = ({ waiting }: BlockedKeyReleased) =>
          `the line of ${key} on ${topic} would go on, waiting: ${waiting}`;
        const released = await decide<BlockedKeyReleased>(
          await openApi(),
          '/api/ops/blocked-keys/release',
          options,
          command,
          would,
        );
        showDecided(released, options, ({ decisionId }) => print(`${topic}  ${key}  goes on  decision ${decisionId}`));
      },
    );
}

function printLines(lines: readonly BlockedKeyView[]): void {
  if (lines.length === 0) say('nobody waits');
  const rows = lines.map(({ topic, key, keyBase64, waiting, movedAt, waitsFor, deadLetter }) => [
    topic,
    shortened(key ?? `(Base64) ${keyBase64}`, 40),
    waiting,
    moment(movedAt),
    deadLetter ?? WAITS_FOR[waitsFor],
  ]);
  print(table(['topic', 'key', 'waiting', 'moved', 'waits for'], rows));
}
