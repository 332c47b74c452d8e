import { statusText, styled } from './narrator';
import type { Premises } from './open-shop';
import type { Outcome } from './stage';

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
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  const padded = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  console.log(`\n${styled('bold', padded(head).join('  '))}`);
  console.log(styled('gray', widths.map((width) => '─'.repeat(width)).join('  ')));
  for (const row of rows) {
    const cells = padded(row).map((cell, column) => (column === 3 || column === 5 ? coloured(cell) : cell));
    console.log(cells.join('  ').trimEnd());
  }
  for (const { scenario, orderId, problems } of outcomes.filter((outcome) => outcome.problems.length > 0)) {
    console.log(styled('red', `\n${scenario.title} (order ${orderId}):`));
    for (const problem of problems) console.log(`  ${problem}`);
  }
}

/** Where to look, and what to try next. */
export function printUrls(outcomes: readonly Outcome[], { addresses, logFile, stack }: Premises): void {
  const prefix = stack === 'default' ? '' : `STACK=${stack} `;
  const web = `${addresses.temporalUi}/namespaces/default/workflows`;
  const facts: [string, string][] = [
    ['API', addresses.api],
    ['API docs', `${addresses.api}/docs`],
    ['Temporal Web UI', web],
    ...outcomes.map(({ orderId, scenario }): [string, string] => [
      `  order ${orderId}`,
      `${web}/order-${orderId}  ${styled('gray', scenario.title)}`,
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

function coloured(cell: string): string {
  const text = cell.trimEnd();
  const shown = text === 'ok' ? styled('green', text) : text === 'NO' ? styled('red', text) : statusText(text);
  return shown + cell.slice(text.length);
}
