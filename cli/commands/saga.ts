import type { Command } from 'commander';
import type { SagaDecided, SagaSummary } from '../../client/schema';
import type { ResolveSaga } from '../../contracts/saga-operations';
import { ORDER_STEPS } from '../../contracts/workflow/attempt-steps';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { type DecisionOptions, decide, decides } from '../decision';
import { amount, moment, print, say, shortened, table } from '../output';
import { orderIdOf } from './order-id';
import { sagaText } from './saga-text';

interface ListOptions extends JsonOption {
  readonly state?: string;
  readonly needsOperator?: boolean;
  readonly limit?: number;
  readonly before?: number;
}

interface ResolveOptions extends DecisionOptions {
  readonly step: string;
  readonly decision: ResolveSaga['decision'];
  readonly reference?: string;
}

export function sagaCommands(program: Command): void {
  const saga = program
    .command('saga')
    .description("orders' sagas: what they did, what they undid, and what they wait for");

  command(saga, 'list', 'sagas, those of the newest orders first', ['--needs-operator', '--state COMPENSATING --json'])
    .option('--state <state>', 'RUNNING, WAITING, COMPENSATING, NEEDS_OPERATOR or SETTLED')
    .option('--needs-operator', 'those that wait for a decision')
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber)
    .option('--before <order>', 'those of orders before this one', wholeNumber)
    .action(async ({ state, needsOperator, limit, before, ...options }: ListOptions) => {
      const query = { sagaState: state, needsOperator: needsOperator ? 'true' : undefined, limit, before };
      const { data } = await (await openApi()).call('GET /api/ops/sagas', { query });
      show(data, options, printSagas);
    });

  command(saga, 'show <order>', "an order's whole saga on one screen", ['42', '42 --json']).action(
    async (order: string, options: JsonOption) => {
      const params = { orderId: orderIdOf(order) };
      const { data } = await (await openApi()).call('GET /api/ops/sagas/{orderId}', { params });
      show(data, options, () => print(sagaText(data)));
    },
  );

  decides(
    command(saga, 'compensate <order>', 'undo an order that has not left, and cancel it', [
      "42 --reason 'the customer called'",
    ]),
  ).action(async (order: string, options: DecisionOptions) => {
    await decide(options, 'POST /api/ops/sagas/{orderId}/compensate', {
      params: { orderId: orderIdOf(order) },
      preview: ({ orderId, status }) => `order ${orderId}, now ${status}, would be undone and cancelled`,
      print: printDecided,
    });
  });

  decides(
    command(saga, 'resolve <order>', 'decide about an undo that failed', [
      "42 --step shipment --decision RETRY --reason 'the carrier was called'",
      "42 --step payment --decision DONE_EXTERNALLY --reference 'transfer 4711' --reason 'paid back by bank'",
    ]),
  )
    .requiredOption('--step <step>', `whose undo failed: ${ORDER_STEPS.join(', ')}`)
    .requiredOption('--decision <decision>', 'RETRY, SKIP, or DONE_EXTERNALLY with --reference')
    .option('--reference <text>', 'where it was done')
    .action(async (order: string, { step, decision, reference, ...options }: ResolveOptions) => {
      await decide(options, 'POST /api/ops/sagas/{orderId}/resolve', {
        params: { orderId: orderIdOf(order) },
        body: { step, decision, reference },
        preview: ({ workflowId }) => `${workflowId} would take ${decision} for its step ${step}`,
        print: printDecided,
      });
    });
}

function printSagas(sagas: readonly SagaSummary[]): void {
  if (sagas.length === 0) say('no saga');
  const rows = sagas.map((saga) => [
    saga.orderId,
    saga.status,
    saga.sagaState,
    saga.stuck.map(({ step, code }) => `${step} ${code ?? ''}`.trim()).join(', '),
    amount(saga.totalAmount, saga.currency),
    moment(saga.lastUpdated),
    shortened(saga.reason, 40),
  ]);
  print(table(['order', 'status', 'saga', 'undo failed', 'total', 'updated', 'reason'], rows));
}

function printDecided({ orderId, decisionId, status, sagaState }: SagaDecided): void {
  print(`order ${orderId}  ${status}  saga ${sagaState}  decision ${decisionId}`);
  say(`\`saga show ${orderId}\` shows what follows`);
}
