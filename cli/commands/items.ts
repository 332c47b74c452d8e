import type { Command } from 'commander';
import type { OperatorItem, OperatorItemList } from '../../client/schema';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { type DecisionOptions, decide, decides } from '../decision';
import { facts, moment, print, say, shortened, table } from '../output';

interface ListOptions extends JsonOption {
  readonly kind?: string;
  readonly state?: string;
  readonly subject?: string;
  readonly cause?: string;
  readonly step?: string;
  readonly order?: number;
  readonly olderThan?: number;
  readonly limit?: number;
  readonly after?: number;
}

export function itemsCommands(program: Command): void {
  const items = program.command('items').description('the one list of what needs a person');

  command(
    items,
    'list',
    'what needs a person, the oldest first',
    ['', '--kind PARKED_SAGA --older-than 60', '--json'],
    { isDefault: true },
  )
    .option(
      '--kind <kind>',
      'PARKED_SAGA, PERMANENT_ERROR, CREDENTIALS_REFUSED, DEAD_LETTER, BLOCKED_KEY, FAILED_WORKFLOW, LOST_REQUEST, UNPUBLISHED_TOPIC, STUCK_PARTITION or RECONCILIATION',
    )
    .option('--state <state>', 'OPEN (if absent), RESOLVED or HEALED')
    .option('--subject <subject>', 'about this, as the list names it')
    .option('--cause <code>', 'of this cause')
    .option('--step <step>', 'about this step')
    .option('--order <order>', 'about this order', wholeNumber)
    .option('--older-than <minutes>', 'open for so long at least', wholeNumber)
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber)
    .option('--after <item>', 'those after this one', wholeNumber)
    .action(async ({ kind, state, subject, cause, step, order, olderThan, limit, after, ...options }: ListOptions) => {
      const query = { kind, state, subject, cause, step, order, olderThanMinutes: olderThan, limit, after };
      const { data } = await (await openApi()).call('GET /api/ops/items', { query });
      show(data, options, printItems);
    });

  command(items, 'show <item>', 'one of them, and what to do about it', ['7', '7 --json']).action(
    async (id: string, options: JsonOption) => {
      const { data } = await (await openApi()).call('GET /api/ops/items/{id}', { params: { id } });
      show(data, options, printItem);
    },
  );

  decides(
    command(
      items,
      'resolve <item>',
      'close one whose cause has no decision of its own: a failed workflow, a lost request',
      ["7 --reason 'settled by hand'"],
    ),
  ).action(async (id: string, options: DecisionOptions) => {
    await decide(options, 'POST /api/ops/items/{id}/resolve', {
      params: { id },
      preview: () => `item ${id} would be closed`,
      print: ({ decisionId }) => print(`item ${id}  closed  decision ${decisionId}`),
    });
  });
}

function printItems({ groups, items }: OperatorItemList): void {
  if (items.length === 0) {
    say('nothing needs a person');
    return;
  }
  const causes = groups.map(({ count, kind, cause, oldestSince }) => [count, kind, cause, moment(oldestSince)]);
  const rows = items.map(({ id, kind, subject, cause, since, amountAtRisk }) => [
    id,
    kind,
    shortened(subject, 48),
    cause,
    moment(since),
    amountAtRisk || null,
  ]);
  print(
    [
      table(['count', 'kind', 'cause', 'oldest'], causes),
      table(['item', 'kind', 'subject', 'cause', 'since', 'at risk'], rows),
    ].join('\n\n'),
  );
}

function printItem(item: OperatorItem): void {
  const { decision } = item;
  print(
    facts([
      ['item', `${item.id}  ${item.state}`],
      ['kind', item.kind],
      ['subject', item.subject],
      ['cause', item.cause],
      ['order', item.orderId],
      ['workflow', item.workflowId],
      ['since', `${moment(item.since)}, last seen ${moment(item.lastSeenAt)}, ${item.times} times`],
      ['at risk', item.amountAtRisk || null],
      ['evidence', item.evidence && JSON.stringify(item.evidence)],
      ['fix', item.offeredFix],
      ['closed', moment(item.closedAt)],
      ['decision', decision && `${decision.decision} by ${decision.actor}: ${decision.reason}`],
      ['to do', item.whatToDo],
    ]),
  );
}
