import type { Command } from 'commander';
import type { Outbox } from '../../client/schema';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { moment, print, table } from '../output';

export function outboxCommands(program: Command): void {
  const outbox = program.command('outbox').description('events on their way to Kafka');
  command(outbox, 'status', 'how many wait to be published, and the oldest of them', ['', '--limit 100 --json'])
    .option('--limit <count>', 'rows at most, 20 if absent', wholeNumber)
    .action(async ({ limit, ...options }: JsonOption & { readonly limit?: number }) => {
      const { data } = await (await openApi()).call('GET /api/ops/outbox', { query: { limit } });
      show(data, options, printOutbox);
    });
}

function printOutbox({ waiting, delayed, oldestMs, rows }: Outbox): void {
  print(`${waiting} due and not published, the oldest for ${(oldestMs / 1000).toFixed(1)} s; ${delayed} not due yet`);
  const cells = rows.map((row) => [
    row.id,
    row.topic,
    row.key,
    row.lane,
    moment(row.createdAt),
    moment(row.availableAt),
  ]);
  print(table(['id', 'topic', 'key', 'lane', 'written', 'due'], cells));
}
