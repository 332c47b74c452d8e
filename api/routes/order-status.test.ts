import type { StatusView } from '../../contracts/workflow-api';
import { statusView } from './order-status';

const BUDGET_MS = 180_000;
const NOW = Date.parse('2030-01-01T00:00:00Z');
const view = (over: Partial<StatusView>): StatusView => ({
  orderId: 7,
  status: 'PENDING_PAYMENT',
  sagaState: 'RUNNING',
  canCancel: true,
  lastUpdated: '2029-12-31T23:59:00.000Z',
  steps: [],
  ...over,
});
const shown = (over: Partial<StatusView>, usualMs?: number) =>
  statusView(view(over), 'workflow', { usualMs, budgetMs: BUDGET_MS }, 'ko', NOW);

describe('the status of an order', () => {
  test('has words and a percentage', () => {
    expect(shown({})).toMatchObject({ statusDescription: '결제 대기', progressPercentage: 15, source: 'workflow' });
    expect(
      statusView(view({}), 'database', { usualMs: undefined, budgetMs: BUDGET_MS }, 'en', NOW).statusDescription,
    ).toBe('Waiting for payment');
  });

  test('while something is under way its end is estimated by the processing budget', () => {
    expect(shown({}).estimatedCompletionAt).toBe('2030-01-01T00:02:00.000Z');
    expect(shown({ sagaState: 'COMPENSATING' }).estimatedCompletionAt).toBe('2030-01-01T00:02:00.000Z');
  });

  test('where it is known what recent orders took, its end is estimated by that, until it is past', () => {
    expect(shown({}, 61_000).estimatedCompletionAt).toBe('2030-01-01T00:00:01.000Z');
    expect(shown({}, 59_000).estimatedCompletionAt).toBe('2030-01-01T00:02:00.000Z');
    expect(shown({ sagaState: 'COMPENSATING' }, 61_000).estimatedCompletionAt).toBe('2030-01-01T00:02:00.000Z');
  });

  test.each(['WAITING', 'NEEDS_OPERATOR', 'SETTLED'] as const)('nothing is promised while %s', (sagaState) => {
    expect(shown({ sagaState }).estimatedCompletionAt).toBeNull();
  });

  test('nothing is promised by what is late', () => {
    expect(shown({ lastUpdated: '2029-12-31T23:00:00.000Z' }).estimatedCompletionAt).toBeNull();
  });

  test('an order that needs an operator cannot be cancelled', () => {
    expect(shown({}).canCancel).toBe(true);
    expect(shown({ sagaState: 'NEEDS_OPERATOR' }).canCancel).toBe(false);
  });
});
