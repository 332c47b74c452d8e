import { ORDER_STEPS } from '../../contracts/workflow/attempt-steps';
import { ORDER_STATUSES } from '../../domain/order-status';
import { publicTimelineData } from '../../domain/public-timeline';
import { DECISIONS, STEP_STATES } from '../../domain/saga-state';
import { en } from './en';
import { entryWords } from './entry-words';
import { ko } from './ko';
import { reasonOf } from './reason';

type Words = { readonly [key: string]: string | Words };

const textsOf = (words: Words, prefix = ''): [string, string][] =>
  Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : textsOf(value, `${prefix}${key}.`),
  );
const ENGLISH = new Map(textsOf(en));
const KOREAN = new Map(textsOf(ko as Words));
const placeholders = (text: string | undefined) => (text?.match(/\{\{\w+\}\}/g) ?? []).sort();

/** An entry as a customer receives it, with words in both languages. */
function wordsOf(type: string, recorded: Record<string, unknown>) {
  const words = entryWords({ type, data: publicTimelineData(type, recorded) });
  if (words) for (const texts of [ENGLISH, KOREAN]) expect(texts.get(words.key)).toEqual(expect.any(String));
  return words;
}

test('both languages say the same things, of the same values', () => {
  expect([...KOREAN.keys()]).toEqual([...ENGLISH.keys()]);
  for (const [key, text] of ENGLISH) expect([key, placeholders(KOREAN.get(key))]).toEqual([key, placeholders(text)]);
  expect([...KOREAN.values(), ...ENGLISH.values()].filter((text) => text.trim() === '')).toEqual([]);
});

test.each(ORDER_STATUSES)('an order that became %s has words', (to) => {
  expect(wordsOf('status', { from: null, to })).toBeDefined();
});

test('the same status has other words where it is a way back', () => {
  const keyOf = (from: string, to: string) => wordsOf('status', { from, to })?.key;
  expect(keyOf('PAYMENT_COMPLETED', 'PENDING_PAYMENT')).toBe('entry.status.PAYMENT_UNDONE');
  expect(keyOf('REFUND_REQUESTED', 'COMPLETED')).toBe('entry.status.REFUND_REFUSED');
  expect(keyOf('IN_TRANSIT', 'COMPLETED')).toBe('entry.status.DELIVERED');
  expect(keyOf('IN_WAREHOUSE', 'COMPLETED')).toBe('entry.status.COMPLETED');
});

/** Where a step is left for good; what is passing is shown by the status. */
const RECORDED = new Set(['DONE', 'FAILED', 'UNDONE', 'UNDO_FAILED']);
test.each(ORDER_STEPS.flatMap((step) => STEP_STATES.map((state) => ({ step, state }))))('step %j', (step) => {
  expect(wordsOf('step', { ...step, attempt: 1 }) !== undefined).toBe(RECORDED.has(step.state));
});

test.each(DECISIONS)('the decision %s has words', (decision) => {
  expect(wordsOf('resolution', { step: 'payment', attempt: 1, decision, actor: 'lee' })).toBeDefined();
});

test.each([
  { eventId: 'e', retryCount: 0 },
  { state: 'FAILED', next: 'AWAIT_CUSTOMER', code: 'CARD_DECLINED' },
  { state: 'FAILED', next: 'CANCEL', code: 'CARD_DECLINED' },
  { state: 'FAILED', next: 'RETRY', code: 'PROVIDER_UNAVAILABLE' },
  { state: 'FAILED', next: 'GIVE_UP', code: 'PROVIDER_UNAVAILABLE' },
  { state: 'SKIPPED', code: 'REQUEST_LOST' },
])('the request %j has words', (request) => {
  expect(wordsOf('request', request)).toBeDefined();
});

test.each([
  'CANCEL_ASKED',
  'CANCEL_REQUESTED',
  'CANCEL_REFUSED',
  'REFUND_ASKED',
  'REFUND_REQUESTED',
  'UNDO_FAILED',
  'CANNOT_BE_DONE',
  'HISTORY_TOO_LONG',
  'RECONCILED',
])('the notice %s has words', (code) => {
  expect(wordsOf('notice', { code, actor: 'customer', reason: 'my own words' })).toBeDefined();
});

test('what is the business of systems and operators, or not known yet, is left out', () => {
  expect(wordsOf('refused', { signal: 'shipmentUpdated', to: 'IN_TRANSIT', status: 'COMPLETED' })).toBeUndefined();
  expect(wordsOf('refused', { what: 'resolveCompensation', why: 'not waiting' })).toBeUndefined();
  expect(wordsOf('refused', { what: 'CANCELLED_BY_CUSTOMER', why: 'ORDER_IN_TRANSIT' })).toBeDefined();
  expect(wordsOf('notice', { code: 'NEW_NOTICE' })).toBeUndefined();
  expect(wordsOf('status', { from: 'CREATED', to: 'NEW_STATUS' })).toBeUndefined();
  expect(wordsOf('step', { step: 'gift-wrap', state: 'DONE' })).toBeUndefined();
  expect(wordsOf('of-a-later-version', {})).toBeUndefined();
});

test.each([
  'HOLD_EXPIRED',
  'STOCK_SHORTAGE',
  'STOCK_FAILED_ELSEWHERE',
  'CANCELLED_BY_CUSTOMER',
  'CANCELLED_BY_OPERATOR',
  'CANCELLED_IN_TEMPORAL',
  'TOO_MANY_DECLINES',
  'TOO_MANY_ATTEMPTS',
  'RETRIES_EXHAUSTED',
])('an order that was cancelled by %s says why', (reason) => {
  const words = wordsOf('status', { from: 'PENDING_PAYMENT', to: 'CANCELLED', reason });
  expect(ENGLISH.get(`reason.${words?.reason}`)).toBeDefined();
  expect(KOREAN.get(`reason.${words?.reason}`)).toBeDefined();
});

test.each(['CARD_DECLINED', 'INVALID_TOKEN', 'SHIPMENT_REFUSED', 'STORE_REFUSED', 'PROVIDER_UNAVAILABLE'])(
  'an attempt that failed by %s says why',
  (code) => {
    expect(wordsOf('request', { state: 'FAILED', next: 'AWAIT_CUSTOMER', code })?.reason).toBeDefined();
  },
);

test('a code that nobody knows is not shown', () => {
  expect(reasonOf('SOMETHING_NEW')).toBeUndefined();
  expect(reasonOf(undefined)).toBeUndefined();
  expect(wordsOf('request', { state: 'FAILED', next: 'AWAIT_CUSTOMER', code: 'SOMETHING_NEW' })).toMatchObject({
    reason: undefined,
  });
});
