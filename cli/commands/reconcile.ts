import type { Command } from 'commander';
import { ApiProblem } from '../../client/errors';
import type { OperatorItemList, ReconciliationRun } from '../../client/schema';
import { openApi } from '../access';
import { ago, command, type JsonOption, show } from '../command';
import { CommandError, EXIT } from '../command-error';
import { confirm, refuseUnasked } from '../decision';
import { moment, print, say, shortened, table } from '../output';

const POLL_MS = 500;
/** A run that has not begun by then has no worker. */
const BEGINS_WITHIN_MS = 30_000;
const MOST_PRINTED = 200;

interface ReconcileOptions extends JsonOption {
  readonly full?: boolean;
  readonly since?: string;
  readonly fix?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

type Api = Awaited<ReturnType<typeof openApi>>;

/** What is shown of a finding, listed or previewed. */
interface ShownFinding {
  readonly subject: string;
  readonly since: string | null;
  readonly amountAtRisk: number;
  readonly offeredFix: string | null;
  readonly evidence: Readonly<Record<string, unknown>> | null;
}

export function reconcileCommand(program: Command): void {
  command(program, 'reconcile', 'compare what belongs together, and wait for what is found', [
    '',
    '--since 2h --dry-run',
    "--full --fix --reason 'after the outage' --yes",
  ])
    .option('--full', 'all orders; else those that have changed since the run before')
    .option('--since <time>', 'those that have changed since then: a time in ISO 8601, or 90s, 30m, 2h, 7d ago', timeOf)
    .option('--fix', 'apply the fixes that are offered; asks first')
    .option('--dry-run', 'list nothing and change nothing: say what there is, and what would be fixed')
    .option('--reason <text>', 'why; with --fix it is kept with all that is fixed')
    .option('--yes', 'do not ask')
    .action(reconcile);
}

async function reconcile({ full, since, fix, dryRun, reason, yes, json }: ReconcileOptions): Promise<void> {
  const api = await openApi();
  if (fix && !dryRun) {
    if (reason === undefined) throw new CommandError(EXIT.usage, '--fix needs --reason');
    refuseUnasked(yes ? { yes } : {});
    if (!yes) await confirm();
  }
  const { data } = await api.call('POST /api/ops/reconciliation', { body: { full, since, fix, dryRun, reason } });
  const run = await endOf(api, data.id);
  const findings = dryRun ? run.preview : await openFindings(api);
  show({ run, findings }, json ? { json } : {}, printFindings);
  if (run.state !== 'DONE') throw new CommandError(EXIT.failed, `the run ended as ${run.state}`);
  if (findings.length > 0) throw new CommandError(EXIT.failed, `${findings.length} findings are left`);
}

async function endOf(api: Api, id: string): Promise<ReconciliationRun> {
  const deadline = Date.now() + BEGINS_WITHIN_MS;
  for (;;) {
    const run = await api
      .call('GET /api/ops/reconciliation/{id}', { params: { id } })
      .then(({ data }) => data)
      .catch((error: unknown) => {
        if (error instanceof ApiProblem && error.code === 'RECONCILIATION_NOT_FOUND') return undefined;
        throw error;
      });
    if (run && run.state !== 'RUNNING') return run;
    if (!run && Date.now() > deadline)
      throw new CommandError(EXIT.unavailable, `run ${id} has not begun: is a worker running?`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function openFindings(api: Api): Promise<OperatorItemList['items']> {
  const query = { kind: 'RECONCILIATION', limit: MOST_PRINTED };
  return (await api.call('GET /api/ops/items', { query })).data.items;
}

function printFindings({ run, findings }: { run: ReconciliationRun; findings: readonly ShownFinding[] }): void {
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((all, count) => all + count, 0);
  say(
    `run ${run.id}: ${run.scope}, ${run.examined.orders ?? 0} orders examined, ${sum(run.found)} found, ${sum(run.healed)} gone, ${sum(run.fixed)} fixed`,
  );
  for (const [provider, why] of Object.entries(run.unavailable)) say(`not compared: ${provider}: ${why}`);
  for (const [subject, why] of Object.entries(run.refused)) say(`not fixed: ${subject}: ${why}`);
  const rows = findings.map(({ subject, since, amountAtRisk, offeredFix, evidence }) => [
    subject,
    moment(since),
    amountAtRisk || null,
    offeredFix ?? '-',
    shortened(evidenceText(evidence), 100),
  ]);
  print(table(['finding', 'since', 'at risk', 'fix', 'evidence'], rows));
}

const evidenceText = (evidence: ShownFinding['evidence']) =>
  Object.entries(evidence ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function timeOf(text: string): string {
  return /^\d{1,6}[smhd]$/.test(text) ? ago(text) : text;
}
