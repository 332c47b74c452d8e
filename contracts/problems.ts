import type { Language } from './language';

interface Problem extends Readonly<Record<Language, readonly [title: string, detail: string]>> {
  readonly status: number;
}

/** Every way in which a request can fail: its stable code and HTTP status, and its title and detail in both languages. */
export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    en: ['The request is not valid', 'Correct the fields that are listed in errors.'],
    ko: ['요청이 올바르지 않습니다', 'errors에 적힌 항목을 고쳐 주세요.'],
  },
  MALFORMED_JSON: {
    status: 400,
    en: ['The body is not JSON', 'The body could not be parsed as JSON.'],
    ko: ['JSON을 읽을 수 없습니다', '본문이 올바른 JSON이 아닙니다.'],
  },
  UNAUTHENTICATED: {
    status: 401,
    en: ['Authentication is required', 'Sign in, or send a valid bearer token.'],
    ko: ['인증이 필요합니다', '로그인하거나 유효한 Bearer 토큰을 보내 주세요.'],
  },
  SIGN_IN_FAILED: {
    status: 401,
    en: ['You are not signed in', 'The sign-in was not completed, or took too long. Try again.'],
    ko: ['로그인되지 않았습니다', '로그인이 끝나지 않았거나 너무 오래 걸렸습니다. 다시 시도해 주세요.'],
  },
  SIGN_IN_LINK_USED: {
    status: 401,
    en: ['The link is used or too old', 'A sign-in link works once, for ten minutes. Make a new one: ordersaga open.'],
    ko: [
      '이미 사용했거나 만료된 링크입니다',
      '로그인 링크는 10분 안에 한 번만 쓸 수 있습니다. ordersaga open으로 새로 만들어 주세요.',
    ],
  },
  SIGNATURE_INVALID: {
    status: 401,
    en: ['The signature is not valid', 'x-carrier-signature does not match the body.'],
    ko: ['서명이 올바르지 않습니다', 'x-carrier-signature가 본문과 맞지 않습니다.'],
  },
  FORBIDDEN: {
    status: 403,
    en: ['Not allowed', 'Your role does not allow this.'],
    ko: ['권한이 없습니다', '이 역할로는 할 수 없습니다.'],
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    en: ['Not from this page', 'A page of another site sent this with your session: nothing was done.'],
    ko: ['이 사이트의 요청이 아닙니다', '다른 사이트의 페이지가 로그인 정보로 보낸 요청이라 처리하지 않았습니다.'],
  },
  NOT_FOUND: {
    status: 404,
    en: ['No such route', 'Nothing is served at this path.'],
    ko: ['경로를 찾을 수 없습니다', '이 경로로 제공되는 것이 없습니다.'],
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    en: ['The method is not allowed', 'The Allow header lists the methods of this path.'],
    ko: ['허용되지 않는 메서드입니다', '이 경로에서 쓸 수 있는 메서드는 Allow 헤더에 있습니다.'],
  },
  ORDER_NOT_FOUND: {
    status: 404,
    en: ['Order not found', 'Check the order id.'],
    ko: ['주문을 찾을 수 없습니다', '주문 번호를 확인해 주세요.'],
  },
  ITEM_NOT_FOUND: {
    status: 404,
    en: ['No such item', 'Check the id of the item.'],
    ko: ['항목을 찾을 수 없습니다', '항목 번호를 확인해 주세요.'],
  },
  ITEM_CLOSED: {
    status: 409,
    en: ['The item is closed', 'The field state says how it was closed.'],
    ko: ['이미 닫힌 항목입니다', 'state에 어떻게 끝났는지 있습니다.'],
  },
  ITEM_HAS_OWN_DECISION: {
    status: 409,
    en: ['The item is closed by a decision of its own', 'The field whatToDo says what to do.'],
    ko: ['다른 결정으로 닫히는 항목입니다', 'whatToDo에 무엇을 할지 있습니다.'],
  },
  RECONCILIATION_NOT_FOUND: {
    status: 404,
    en: ['No such run', 'Check the id of the run; one that was asked for a moment ago may not have begun.'],
    ko: ['대사 작업을 찾을 수 없습니다', '번호를 확인해 주세요. 방금 요청한 작업은 아직 시작되지 않았을 수 있습니다.'],
  },
  RECONCILIATION_RUNNING: {
    status: 409,
    en: ['A reconciliation is under way', 'Only one runs at a time; the field runId names it.'],
    ko: ['대사 작업이 진행 중입니다', '한 번에 하나만 실행됩니다. runId가 그 작업입니다.'],
  },
  ORDER_NOT_PAYABLE: {
    status: 409,
    en: ['The order cannot be paid', 'Only an order that waits for its payment can be paid.'],
    ko: ['결제할 수 없는 주문입니다', '결제를 기다리는 주문만 결제할 수 있습니다.'],
  },
  PAYMENT_IN_PROGRESS: {
    status: 409,
    en: ['A payment is already under way', 'Try again when it has ended.'],
    ko: ['결제가 이미 진행 중입니다', '진행 중인 처리가 끝난 뒤 다시 시도해 주세요.'],
  },
  ORDER_NOT_CANCELLABLE: {
    status: 409,
    en: ['The order cannot be cancelled', 'The field reason says why.'],
    ko: ['취소할 수 없는 주문입니다', 'reason에 취소되지 않은 이유가 있습니다.'],
  },
  ORDER_NOT_REFUNDABLE: {
    status: 409,
    en: [
      'The order cannot be refunded',
      'Only a completed order can be refunded; one on its way, only by an operator.',
    ],
    ko: [
      '환불할 수 없는 주문입니다',
      '완료된 주문만 환불할 수 있습니다. 배송 중인 주문은 운영자만 환불할 수 있습니다.',
    ],
  },
  COUPON_NOT_FOUND: {
    status: 404,
    en: ['Coupon not found', 'Check the code of the coupon.'],
    ko: ['쿠폰을 찾을 수 없습니다', '쿠폰 코드를 확인해 주세요.'],
  },
  COUPON_REQUEST_NOT_FOUND: {
    status: 404,
    en: ['Coupon request not found', 'Check the requestId.'],
    ko: ['쿠폰 요청을 찾을 수 없습니다', 'requestId를 확인해 주세요.'],
  },
  DEAD_LETTER_NOT_FOUND: {
    status: 404,
    en: ['Dead letter not found', 'Check topic/partition/offset.'],
    ko: ['데드 레터를 찾을 수 없습니다', '토픽/파티션/오프셋을 확인해 주세요.'],
  },
  REPLAY_NOT_FOUND: {
    status: 404,
    en: ['Replay not found', 'Check the decisionId.'],
    ko: ['재전송 작업을 찾을 수 없습니다', 'decisionId를 확인해 주세요.'],
  },
  REPLAY_OVER: {
    status: 409,
    en: ['The replay is over', 'A replay that has ended cannot be paused, resumed or cancelled.'],
    ko: ['이미 끝난 재전송 작업입니다', '끝난 작업은 멈추거나 다시 시작하거나 취소할 수 없습니다.'],
  },
  DEAD_LETTER_DECIDED: {
    status: 409,
    en: ['The dead letter is already decided', 'A dead letter takes one decision.'],
    ko: ['이미 처리된 데드 레터입니다', '한 건은 한 번만 처리할 수 있습니다.'],
  },
  DECISION_ID_REUSED: {
    status: 409,
    en: ['The decisionId belongs to another decision', 'Use a new decisionId.'],
    ko: ['decisionId가 다른 결정에 쓰였습니다', '새 decisionId를 사용해 주세요.'],
  },
  NOT_RESOLVABLE: {
    status: 409,
    en: ['Nothing waits for this decision', 'The field reason says why.'],
    ko: ['결정을 기다리지 않습니다', 'reason에 이유가 있습니다.'],
  },
  ORDER_CANCELLED: {
    status: 409,
    en: ['The order is cancelled', 'Records of a cancelled order are not sent back.'],
    ko: ['취소된 주문입니다', '취소된 주문의 기록은 다시 보낼 수 없습니다.'],
  },
  REPLAYS_EXHAUSTED: {
    status: 409,
    en: ['Its replays are used up', 'It takes an override, with its reason.'],
    ko: ['재전송 횟수를 모두 사용했습니다', 'override와 reason이 필요합니다.'],
  },
  TOPIC_NOT_OURS: {
    status: 409,
    en: ['The topic belongs to another system', 'It takes an override, with its reason.'],
    ko: ['다른 시스템의 토픽입니다', 'override와 reason이 필요합니다.'],
  },
  KEY_BLOCKED: {
    status: 409,
    en: ['Records of that key wait already', 'Decide the dead letter of that key first.'],
    ko: ['그 키의 기록이 기다리고 있습니다', '그 키의 데드 레터를 먼저 처리해 주세요.'],
  },
  KEY_NOT_BLOCKED: {
    status: 404,
    en: ['The key is not blocked', 'Check the topic and the key.'],
    ko: ['그 키는 막혀 있지 않습니다', '토픽과 키를 확인해 주세요.'],
  },
  KEY_AWAITS_DECISION: {
    status: 409,
    en: [
      'The key waits for a decision about its dead letter',
      'Decide the dead letter that the field deadLetter names.',
    ],
    ko: ['데드 레터의 처리를 기다리고 있습니다', 'deadLetter를 먼저 처리해 주세요.'],
  },
  DEAD_LETTER_NOT_INDEXED: {
    status: 409,
    en: [
      'The dead letter that blocks the key is not indexed',
      'Check that the index is up to date; override if the dead letter is lost.',
    ],
    ko: ['데드 레터가 색인에 없습니다', '색인이 최신인지 확인해 주세요. 데드 레터가 사라졌다면 override해 주세요.'],
  },
  KEY_JUST_MOVED: {
    status: 409,
    en: ['A record of the key was sent a moment ago', 'Try again if nothing has moved after a minute.'],
    ko: ['아직 움직이고 있습니다', '1분이 지나도 그대로이면 다시 시도해 주세요.'],
  },
  VALUE_MISSING: {
    status: 422,
    en: ['There is no value to send', 'Give a value or valueBase64.'],
    ko: ['보낼 값이 없습니다', 'value 또는 valueBase64를 지정해 주세요.'],
  },
  VALUE_INVALID: {
    status: 422,
    en: ['The value is not an event of its topic', 'Correct the fields that are listed in errors, or override.'],
    ko: ['토픽의 스키마와 맞지 않습니다', 'errors를 고치거나 override해 주세요.'],
  },
  COUPON_NOT_OPEN: {
    status: 409,
    en: ['The coupon is not open yet', 'Try again once it has opened.'],
    ko: ['아직 받을 수 없는 쿠폰입니다', '발급이 시작된 뒤 다시 시도해 주세요.'],
  },
  COUPON_CLOSED: {
    status: 409,
    en: ['The coupon is closed', 'The time in which it could be requested is over.'],
    ko: ['발급이 끝난 쿠폰입니다', '발급 기간이 지났습니다.'],
  },
  COUPON_SOLD_OUT: {
    status: 409,
    en: ['The coupon is sold out', 'None is left.'],
    ko: ['쿠폰이 모두 소진되었습니다', '남은 수량이 없습니다.'],
  },
  COUPON_ALREADY_REQUESTED: {
    status: 409,
    en: ['You have already requested this coupon', 'There is one for each user.'],
    ko: ['이미 신청한 쿠폰입니다', '쿠폰은 한 사람에게 한 장만 발급됩니다.'],
  },
  COUPON_TOTAL_TOO_LOW: {
    status: 409,
    en: ['More of this coupon are taken', 'The total cannot be below what is taken.'],
    ko: ['이미 나간 수량보다 적습니다', 'total은 taken보다 작을 수 없습니다.'],
  },
  COUPON_IN_USE: {
    status: 409,
    en: ['The coupon is in use', 'Another order of yours has this coupon.'],
    ko: ['이미 사용 중인 쿠폰입니다', '다른 주문에서 이 쿠폰을 사용하고 있습니다.'],
  },
  IDEMPOTENCY_IN_FLIGHT: {
    status: 409,
    en: ['The same request is being worked on', 'Try again shortly with the same Idempotency-Key.'],
    ko: ['같은 요청이 처리되고 있습니다', '잠시 후 같은 Idempotency-Key로 다시 시도해 주세요.'],
  },
  BODY_TOO_LARGE: {
    status: 413,
    en: ['The body is too large', 'A body may have {limitBytes} bytes here.'],
    ko: ['본문이 너무 큽니다', '본문은 {limitBytes}바이트까지 가능합니다.'],
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    en: ['Unsupported media type', 'Send application/json.'],
    ko: ['지원하지 않는 형식입니다', 'application/json으로 보내 주세요.'],
  },
  UNKNOWN_SKU: {
    status: 422,
    en: ['Unknown product', 'The products listed in skus do not exist.'],
    ko: ['없는 상품이 있습니다', 'skus에 적힌 상품은 없습니다.'],
  },
  SHIPMENT_MISSING: {
    status: 422,
    en: ['There is no address yet', 'Give shipment: no earlier request of this order has one.'],
    ko: ['배송지가 없습니다', '이 주문에 앞서 입력한 배송지가 없으니 shipment를 입력해 주세요.'],
  },
  COUPON_NOT_ISSUED: {
    status: 422,
    en: ['You have no such coupon', 'Only a coupon that was issued to you can be used.'],
    ko: ['발급받지 않은 쿠폰입니다', '발급받은 쿠폰만 사용할 수 있습니다.'],
  },
  COUPON_MINIMUM_NOT_MET: {
    status: 422,
    en: ['The order is too small for this coupon', 'The lines must come to minimumAmount at least.'],
    ko: ['최소 주문 금액에 미치지 못합니다', 'minimumAmount 이상 주문해야 합니다.'],
  },
  REQUEST_ID_REUSED: {
    status: 422,
    en: ['The requestId belongs to another request', 'Try again with a new requestId.'],
    ko: ['requestId가 다른 요청에 쓰였습니다', '새 requestId로 다시 시도해 주세요.'],
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    en: ['The Idempotency-Key belongs to another request', 'Use a new key for a request with another body.'],
    ko: ['Idempotency-Key가 다른 요청에 쓰였습니다', '본문이 다르면 새 키를 사용해 주세요.'],
  },
  INTERNAL_ERROR: {
    status: 500,
    en: ['Internal error', 'Report the requestId and we will look into it.'],
    ko: ['서버 오류입니다', 'requestId를 알려 주시면 확인하겠습니다.'],
  },
  TEMPORAL_UNAVAILABLE: {
    status: 503,
    en: ['This cannot be done right now', 'The order engine does not respond. Try again shortly.'],
    ko: ['지금은 처리할 수 없습니다', '주문 처리기가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.'],
  },
  SIGN_IN_UNAVAILABLE: {
    status: 503,
    en: ['Nobody can sign in right now', 'The identity provider does not respond. Try again shortly.'],
    ko: ['지금은 로그인할 수 없습니다', '인증 서버가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.'],
  },
  SIGN_IN_NOT_CONFIGURED: {
    status: 404,
    en: ['There is no sign-in here', 'No identity provider is configured: OIDC_ISSUER names one.'],
    ko: ['로그인이 설정되지 않았습니다', 'OIDC_ISSUER에 인증 서버를 지정해 주세요.'],
  },
  PAGES_NOT_BUILT: {
    status: 503,
    en: ['The pages are not built', 'Run npm ci and npm run build, and start the api again.'],
    ko: ['페이지가 빌드되지 않았습니다', 'npm ci와 npm run build를 실행한 뒤 api를 다시 시작해 주세요.'],
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    en: ['The service is not available right now', 'Try again shortly.'],
    ko: ['지금은 응답할 수 없습니다', '잠시 후 다시 시도해 주세요.'],
  },
} as const satisfies Readonly<Record<string, Problem>>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** The path of the page about a problem: its type. */
export function problemPath(code: ProblemCode): string {
  return `/problems/${code.toLowerCase().replaceAll('_', '-')}`;
}
