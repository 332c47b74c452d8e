import { couponWorkflowId, orderWorkflowId } from '../../contracts/workflow-api';
import { statusText, styled } from './narrator';
import type { Premises } from './open-shop';
import type { RushOutcome } from './rush-outcome';
import type { Outcome } from './stage';
import { printRows } from './table';

const amount = new Intl.NumberFormat('en');

/** The table of how everything ended, and beneath it what did not end as it should. */
export function printTable(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ scenario, orderId, status, ledger, problems }) => [
    scenario.title,
    String(orderId),
    scenario.wanted.status,
    status,
    ledgerText(ledger),
    problems.length === 0 ? 'ok' : 'NO',
  ]);
  const head = ['scenario', 'order', 'wanted end', 'got end', 'provider’s ledger', 'ok'];
  printRows(head, rows, { 'got end': statusText, ok: (text) => styled(text === 'ok' ? 'green' : 'red', text) });
  for (const { scenario, orderId, problems } of outcomes)
    printProblems(`${scenario.title} (order ${orderId})`, problems);
}

/** The table of who got a coupon and who did not, a row for each requestId. */
export function printRush({ winners, refused, problems }: RushOutcome): void {
  const rows = [
    ...winners.map(({ rank, customer, requestId, answers, end }) => [
      String(rank),
      customer.email,
      requestId.slice(0, 8),
      `${end.status}${end.issuedAt === undefined ? '' : ` at ${end.issuedAt.slice(11)}`}${sent(answers)}`,
    ]),
    ...refused.map(({ customer, requestId, answers, refusal }) => [
      '',
      customer.email,
      requestId.slice(0, 8),
      `${refusal.replace('COUPON_', '').replace('_', ' ').toLowerCase()}${sent(answers)}`,
    ]),
  ];
  printRows(['rank', 'customer', 'requestId', 'how it ended'], rows, {
    'how it ended': (text) => (text.startsWith('ISSUED') ? styled('green', text) : text),
  });
  printProblems('the rush', problems);
}

const sent = (answers: readonly unknown[]) => (answers.length > 1 ? `, asked ${answers.length} times` : '');

function printProblems(where: string, problems: readonly string[]): void {
  if (problems.length > 0) console.log(styled('red', `\n${where}:`));
  for (const problem of problems) console.log(`  ${problem}`);
}

/** Where to look, and what to try next. */
export function printUrls(
  outcomes: readonly Outcome[],
  { winners }: RushOutcome,
  { addresses, logFile, stack }: Premises,
): void {
  const prefix = stack === 'default' ? '' : `STACK=${stack} `;
  const web = `${addresses.temporalUi}/namespaces/default/workflows`;
  const facts: [string, string][] = [
    ['API', addresses.api],
    ['API docs', `${addresses.api}/docs`],
    ['Temporal Web UI', web],
    ...outcomes.map(({ orderId, scenario }): [string, string] => [
      `  order ${orderId}`,
      `${web}/${orderWorkflowId(orderId)}  ${styled('gray', scenario.title)}`,
    ]),
    ...winners
      .slice(0, 1)
      .map(({ rank, requestId, customer }): [string, string] => [
        `  coupon, rank ${rank}`,
        `${web}/${couponWorkflowId(requestId)}  ${styled('gray', customer.email)}`,
      ]),
    ['providers’ sandbox', `${addresses.sandbox}/ledger`],
    ['log of the roles', logFile],
    ['a token', `${prefix}npm run -s token -- demo@example.com   (or: operator@example.com operator)`],
  ];
  console.log('');
  for (const [name, value] of facts) console.log(`${styled('bold', name.padEnd(20))}${value}`);
}

function ledgerText(ledger: Outcome['ledger']): string {
  if (ledger.length === 0) return '0';
  const signed = ledger.map(({ type, amount: minor }) => (type === 'charge' ? minor : -minor));
  const moves = signed.map((minor) => `${minor < 0 ? '-' : '+'}${amount.format(Math.abs(minor))}`).join(' ');
  return `${moves} = ${amount.format(signed.reduce((sum, minor) => sum + minor, 0))}`;
}
