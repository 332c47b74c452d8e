import { ORDER_STATUSES, type OrderStatus } from '../../domain/order-status';
import { SAGA_STATES, type SagaState } from '../../domain/saga-state';
import { isStored, phaseOf } from './phase';
import { progressOf } from './progress';

type Step = Parameters<typeof isStored>[0]['saga']['steps'][number];

const seen = (status: OrderStatus, state: SagaState, reason?: string, steps: readonly Step[] = []) => ({
  status,
  saga: { state, steps },
  ...(reason && { reason }),
});
const entry = (type: string, data: Record<string, unknown>) => ({ id: 1, at: '', type, data });
const storage = (state: Step['state']): Step => ({ step: 'warehouse', attempt: 1, state });

test('every status in every state of its saga is something for the customer', () => {
  for (const status of ORDER_STATUSES)
    for (const state of SAGA_STATES) expect(phaseOf(seen(status, state), [])).toEqual(expect.any(String));
});

describe('an order that is not paid', () => {
  const phase = (state: SagaState, reason?: string, ...requests: Record<string, unknown>[]) =>
    phaseOf(
      seen('PENDING_PAYMENT', state, reason),
      requests.map((data) => entry('request', data)),
    );

  test('waits for its first payment', () => expect(phase('WAITING')).toBe('TO_PAY'));
  test('is processed from the moment the request was taken', () => {
    expect(phase('WAITING', undefined, { eventId: 'e' })).toBe('PROCESSING');
    expect(phase('RUNNING')).toBe('PROCESSING');
  });
  test('is processed while a failed attempt is undone', () => expect(phase('COMPENSATING')).toBe('PROCESSING'));
  test('was declined, and can be paid again', () => {
    const failed = { state: 'FAILED', next: 'AWAIT_CUSTOMER' };
    expect(phase('WAITING', 'CARD_DECLINED', { eventId: 'e' }, failed)).toBe('DECLINED');
    expect(phase('WAITING', 'CARD_DECLINED', { eventId: 'e' }, failed, { eventId: 'f' })).toBe('PROCESSING');
  });
  test('is tried again by itself', () => {
    expect(phase('WAITING', 'PROVIDER_UNAVAILABLE', { eventId: 'e' }, { state: 'FAILED', next: 'RETRY' })).toBe(
      'RETRYING',
    );
  });
  test('was declined for the last time', () => {
    expect(phase('WAITING', 'CARD_DECLINED', { eventId: 'e' }, { state: 'FAILED', next: 'CANCEL' })).toBe('CANCELLING');
    expect(phase('COMPENSATING', 'HOLD_EXPIRED')).toBe('CANCELLING');
  });
  test('has lost its request', () => {
    expect(phase('WAITING', undefined, { eventId: 'e' }, { state: 'SKIPPED', code: 'REQUEST_LOST' })).toBe('DECLINED');
  });
});

test('a cancel is under way until it is refused', () => {
  const asked = entry('notice', { code: 'CANCEL_ASKED' });
  const refused = entry('notice', { code: 'CANCEL_REFUSED' });
  expect(phaseOf(seen('PREPARING', 'COMPENSATING'), [asked])).toBe('CANCELLING');
  expect(phaseOf(seen('PREPARING', 'COMPENSATING'), [asked, refused])).toBe('PREPARING');
});

test('a person is needed', () => expect(phaseOf(seen('PREPARING', 'NEEDS_OPERATOR'), [])).toBe('CHECKING'));

test('what is complete was delivered, or is in the warehouse', () => {
  expect(phaseOf(seen('COMPLETED', 'SETTLED'), [])).toBe('DELIVERED');
  expect(phaseOf(seen('COMPLETED', 'SETTLED', undefined, [storage('DONE')]), [])).toBe('STORED');
  expect(isStored(seen('PENDING_PAYMENT', 'WAITING', undefined, [storage('UNDONE')]))).toBe(false);
});

test('the line of steps has where the order is, and none where it does not go on', () => {
  const milestone = (...order: Parameters<typeof progressOf>) => {
    const progress = progressOf(...order);
    return progress && (progress.milestones[progress.done] ?? 'arrived');
  };
  expect(milestone('TO_PAY', false)).toBe('paid');
  expect(milestone('PREPARING', false)).toBe('prepared');
  expect(milestone('IN_TRANSIT', false)).toBe('delivered');
  expect(milestone('DELIVERED', false)).toBe('arrived');
  expect(milestone('STORING', true)).toBe('stored');
  expect(milestone('STORED', true)).toBe('arrived');
  expect(milestone('REFUNDING', false)).toBe('refunded');
  expect(milestone('REFUNDED', true)).toBe('arrived');
  expect(milestone('CANCELLED', false)).toBeUndefined();
});
