import type { Request, Response } from 'express';
import { type Language, type ProblemCode, type ProblemExtensions, problemBody, problemStatus } from './problem';

/** A status with its body, apart from the connection it goes to: it can be saved and given again. */
export interface Answer {
  readonly statusCode: number;
  readonly body: unknown;
}

const MESSAGES = {
  orderCreated: { ko: '주문이 생성되었습니다.', en: 'The order was created.' },
  orders: { ko: '주문 목록 조회 성공', en: 'Your orders' },
  order: { ko: '주문 조회 성공', en: 'Your order' },
  orderStatus: { ko: '주문 상태 조회 성공', en: 'The status of your order' },
  processingStarted: { ko: '주문 처리가 시작되었습니다.', en: 'Processing of the order has started.' },
  processingAccepted: {
    ko: '주문이 접수되었습니다. 결제를 처리하고 있습니다.',
    en: 'Your order was received. The payment is being processed.',
  },
  processingTime: { ko: '1-3분', en: '1-3 minutes' },
  cancelled: { ko: '주문 취소가 접수되었습니다.', en: 'The cancellation was accepted.' },
  refundRequested: { ko: '환불 요청이 접수되었습니다.', en: 'The refund was requested.' },
  products: { ko: '상품 목록 조회 성공', en: 'Products' },
  productSaved: { ko: '상품이 저장되었습니다.', en: 'The product was saved.' },
  couponRequested: { ko: '쿠폰 신청이 접수되었습니다.', en: 'Your request for the coupon was accepted.' },
  couponRequest: { ko: '쿠폰 신청 조회 성공', en: 'Your request for a coupon' },
  coupon: { ko: '쿠폰 조회 성공', en: 'The coupon' },
  couponSaved: { ko: '쿠폰이 저장되었습니다.', en: 'The coupon was saved.' },
  deadLetters: { ko: '데드 레터 목록 조회 성공', en: 'Dead letters' },
  deadLetter: { ko: '데드 레터 조회 성공', en: 'The dead letter' },
  deadLetterReplayed: { ko: '데드 레터를 다시 보냅니다.', en: 'The dead letter is sent back.' },
  deadLetterReplayedDryRun: {
    ko: '데드 레터를 다시 보내게 됩니다. 바뀐 것은 없습니다.',
    en: 'The dead letter would be sent back; nothing was done.',
  },
  deadLettersReplayed: { ko: '데드 레터 재전송', en: 'The replay of dead letters' },
  deadLettersReplayedDryRun: {
    ko: '데드 레터 재전송: 바뀐 것은 없습니다.',
    en: 'The replay of dead letters: nothing was done.',
  },
  blockedKeys: { ko: '기다리는 키 목록', en: 'Keys whose records wait' },
  blockedKeyReleased: { ko: '막힌 키를 풀었습니다.', en: 'The line goes on.' },
  blockedKeyReleasedDryRun: {
    ko: '막힌 키를 풀게 됩니다. 바뀐 것은 없습니다.',
    en: 'The line would go on; nothing was done.',
  },
  deadLetterDiscarded: { ko: '데드 레터를 폐기했습니다.', en: 'The dead letter was discarded.' },
  deadLetterDiscardedDryRun: {
    ko: '데드 레터를 폐기하게 됩니다. 바뀐 것은 없습니다.',
    en: 'The dead letter would be discarded; nothing was done.',
  },
  sagas: { ko: '사가 목록 조회 성공', en: 'Sagas' },
  saga: { ko: '사가 조회 성공', en: "The order's story" },
  sagaCompensated: { ko: '주문의 보상을 요청했습니다.', en: 'The undo of the order was asked for.' },
  sagaCompensatedDryRun: {
    ko: '주문의 보상을 요청하게 됩니다. 바뀐 것은 없습니다.',
    en: 'The undo of the order would be asked for; nothing was done.',
  },
  sagaResolved: { ko: '결정을 전달했습니다.', en: 'The decision was taken.' },
  sagaResolvedDryRun: {
    ko: '결정을 전달하게 됩니다. 바뀐 것은 없습니다.',
    en: 'The decision would be taken; nothing was done.',
  },
  decidedBefore: {
    ko: '이 decisionId로 이미 처리되었습니다. 바뀌는 것은 없습니다.',
    en: 'This was decided before, under the same decisionId: nothing would change.',
  },
  items: { ko: '처리가 필요한 항목', en: 'What needs a person' },
  item: { ko: '처리가 필요한 항목', en: 'What needs a person' },
  itemResolved: { ko: '항목을 닫았습니다.', en: 'The item was closed.' },
  itemResolvedDryRun: {
    ko: '항목을 닫게 됩니다. 바뀐 것은 없습니다.',
    en: 'The item would be closed; nothing was done.',
  },
  outbox: { ko: '아웃박스 조회 성공', en: 'The outbox' },
  carrierEvent: { ko: '배송 상태를 받았습니다.', en: 'The shipment status was received.' },
} as const;
type MessageName = keyof typeof MESSAGES;
/** Those that also say what would happen. */
export type DecisionName = { [Name in MessageName]: `${Name}DryRun` extends MessageName ? Name : never }[MessageName];

export function message(name: MessageName, language: Language): string {
  return MESSAGES[name][language];
}

/** Korean unless Accept-Language prefers English. */
export function languageOf(request: Request): Language {
  return request.headers['accept-language'] !== undefined && request.acceptsLanguages('ko', 'en') === 'en'
    ? 'en'
    : 'ko';
}

export function success(statusCode: number, data: unknown, name: MessageName, language: Language): Answer {
  return { statusCode, body: { success: true, data, message: message(name, language) } };
}

/** What comes of an operator's decision: taken, or on a dry run only looked at. */
export function decisionAnswer(
  { dryRun, isNew }: { readonly dryRun: boolean; readonly isNew: boolean },
  data: unknown,
  name: DecisionName,
  language: Language,
): Answer & { readonly replayed: boolean } {
  const dryName: MessageName = isNew ? `${name}DryRun` : 'decidedBefore';
  return { ...success(dryRun ? 200 : 202, data, dryRun ? dryName : name, language), replayed: !isNew };
}

export function problem(code: ProblemCode, language: Language, extensions: ProblemExtensions = {}): Answer {
  return { statusCode: problemStatus(code), body: problemBody(code, language, extensions) };
}

/** Writes an answer; problems as `application/problem+json`. */
export function send(response: Response, answer: Answer & { readonly replayed?: boolean }): void {
  response.status(answer.statusCode).vary('Accept-Language');
  if (answer.replayed) response.setHeader('Idempotent-Replayed', 'true');
  if (answer.statusCode >= 400) response.type('application/problem+json');
  response.json(answer.body);
}
