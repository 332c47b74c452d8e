import { table } from '../../cli/output';
import { couponWorkflowId, orderWorkflowId } from '../../contracts/workflow-api';
import { painted, styled } from './narrator';
import type { Outcome } from './play';
import type { RushOutcome } from './rush-outcome';
import type { Shop } from './shop';
import { inStack } from './temporal-command';

const number = new Intl.NumberFormat('en');

/** How every order ended, and beneath the table what did not end as wanted. */
export function printOrders(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ scenario, orderId, status, ledger, problems }) => [
    scenario.title,
    orderId,
    scenario.wanted.status,
    status,
    ledgerText(ledger),
    problems.length === 0 ? 'ok' : 'NO',
  ]);
  printTable(['scenario', 'order', 'wanted end', 'got end', 'provider’s ledger', 'ok'], rows);
  for (const { scenario, orderId, problems } of outcomes)
    printProblems(`${scenario.title} (order ${orderId})`, problems);
}

/** Who got a coupon and who did not, a row for each requestId. */
export function printRush({ winners, refused, problems }: RushOutcome): void {
  const often = ({ length }: readonly unknown[]) => (length > 1 ? `, asked ${length} times` : '');
  const rows = [
    ...winners.map(({ customer, requestId, responses, end: { rank, status, issuedAt } }) => [
      rank,
      customer.email,
      requestId.slice(0, 8),
      `${status}${issuedAt === undefined ? '' : ` at ${issuedAt.slice(11)}`}${often(responses)}`,
    ]),
    ...refused.map(({ customer, requestId, responses }) => [
      '',
      customer.email,
      requestId.slice(0, 8),
      `${String(responses[0]).replace('COUPON_', '').replace('_', ' ').toLowerCase()}${often(responses)}`,
    ]),
  ];
  printTable(['rank', 'customer', 'requestId', 'how it ended'], rows);
  printProblems('the rush', problems);
}

function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const [title = '', ...lines] = table(head, rows).split('\n');
  console.log(['', styled('bold', title), ...lines.map(painted)].join('\n'));
}

function printProblems(where: string, problems: readonly string[]): void {
  if (problems.length > 0) console.log([styled('red', `\n${where}:`), ...problems].join('\n  '));
}

/** Where to look, and what to try next. */
export async function printUrls(outcomes: readonly Outcome[], { winners }: RushOutcome, shop: Shop): Promise<void> {
  const { addresses, logFile, stack } = shop;
  const pages = await Promise.all(outcomes.slice(0, 1).map((outcome) => pageOf(outcome, shop)));
  const web = `${addresses.temporalUi}/namespaces/default/workflows`;
  const workflow = (id: string, title: string) => `${web}/${id}  ${styled('gray', title)}`;
  const [first] = winners;
  const facts: Readonly<Record<string, string>> = {
    API: addresses.api,
    'API docs': `${addresses.api}/docs`,
    ...Object.fromEntries(pages),
    'sign in (once)': await shop.signIn('operator@example.com', 'operator', '/docs'),
    'Temporal Web UI': web,
    ...Object.fromEntries(
      outcomes.map(({ orderId, scenario }) => [
        `  order ${orderId}`,
        workflow(orderWorkflowId(orderId), scenario.title),
      ]),
    ),
    ...(first ? { '  coupon, rank 1': workflow(couponWorkflowId(first.requestId), first.customer.email) } : {}),
    'providers’ sandbox': `${addresses.sandbox}/ledger`,
    'log of the roles': logFile,
    'a token': `${inStack(stack)}npm run -s token -- demo@example.com   (or: operator@example.com operator)`,
  };
  console.log('');
  for (const [name, value] of Object.entries(facts)) console.log(`${styled('bold', name.padEnd(20))}${value}`);
}

/** The page of an order, as its customer is sent it. */
async function pageOf({ orderId }: Outcome, { operator }: Shop): Promise<[string, string]> {
  const { data } = await operator.call('POST /api/orders/{orderId}/tracking-links', { params: { orderId } });
  return [`order ${orderId}, page`, data.url];
}

function ledgerText(ledger: Outcome['ledger']): string {
  if (ledger.length === 0) return '0';
  const signed = ledger.map(({ type, amount }) => (type === 'charge' ? amount : -amount));
  const moves = signed.map((minor) => `${minor < 0 ? '-' : '+'}${number.format(Math.abs(minor))}`).join(' ');
  return `${moves} = ${number.format(signed.reduce((sum, minor) => sum + minor, 0))}`;
}
