/** Every way a request can fail: its stable code, its status, and what people read, in one place. */
export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    title: { ko: '요청이 올바르지 않습니다', en: 'The request is not valid' },
    detail: { ko: 'errors에 적힌 항목을 고쳐 주세요.', en: 'Correct what is named under errors.' },
  },
  MALFORMED_JSON: {
    status: 400,
    title: { ko: 'JSON을 읽을 수 없습니다', en: 'The body is not JSON' },
    detail: { ko: '본문이 올바른 JSON이 아닙니다.', en: 'The body could not be parsed as JSON.' },
  },
  UNAUTHENTICATED: {
    status: 401,
    title: { ko: '인증이 필요합니다', en: 'Authentication is required' },
    detail: { ko: '유효한 Bearer 토큰이 필요합니다.', en: 'A valid bearer token is required.' },
  },
  SIGNATURE_INVALID: {
    status: 401,
    title: { ko: '서명이 올바르지 않습니다', en: 'The signature is not valid' },
    detail: {
      ko: 'x-carrier-signature가 본문과 맞지 않습니다.',
      en: 'x-carrier-signature does not match the body.',
    },
  },
  FORBIDDEN: {
    status: 403,
    title: { ko: '권한이 없습니다', en: 'Not allowed' },
    detail: { ko: '운영자만 할 수 있습니다.', en: 'Only an operator may do this.' },
  },
  NOT_FOUND: {
    status: 404,
    title: { ko: '경로를 찾을 수 없습니다', en: 'No such route' },
    detail: { ko: '이 메서드와 경로로 제공되는 것이 없습니다.', en: 'Nothing is served for this method and path.' },
  },
  ORDER_NOT_FOUND: {
    status: 404,
    title: { ko: '주문을 찾을 수 없습니다', en: 'Order not found' },
    detail: { ko: '주문 번호를 확인해 주세요.', en: 'Check the order id.' },
  },
  ITEM_NOT_FOUND: {
    status: 404,
    title: { ko: '항목을 찾을 수 없습니다', en: 'No such item' },
    detail: { ko: '항목 번호를 확인해 주세요.', en: 'Check the id of the item.' },
  },
  ITEM_CLOSED: {
    status: 409,
    title: { ko: '이미 닫힌 항목입니다', en: 'The item is closed' },
    detail: { ko: 'state에 어떻게 끝났는지 있습니다.', en: 'The member state tells how it ended.' },
  },
  ITEM_HAS_OWN_DECISION: {
    status: 409,
    title: { ko: '다른 결정으로 닫히는 항목입니다', en: 'The item ends with a decision of its own' },
    detail: { ko: 'whatToDo에 무엇을 할지 있습니다.', en: 'The member whatToDo tells what to do.' },
  },
  ORDER_NOT_PAYABLE: {
    status: 409,
    title: { ko: '결제할 수 없는 주문입니다', en: 'The order cannot be paid' },
    detail: {
      ko: '결제를 기다리는 주문만 결제할 수 있습니다.',
      en: 'Only an order that waits for its payment can be paid.',
    },
  },
  PAYMENT_IN_PROGRESS: {
    status: 409,
    title: { ko: '결제가 이미 진행 중입니다', en: 'A payment is already under way' },
    detail: {
      ko: '진행 중인 처리가 끝난 뒤 다시 시도해 주세요.',
      en: 'Try again when what is under way has ended.',
    },
  },
  ORDER_NOT_CANCELLABLE: {
    status: 409,
    title: { ko: '취소할 수 없는 주문입니다', en: 'The order cannot be cancelled' },
    detail: { ko: 'reason에 취소되지 않은 이유가 있습니다.', en: 'The member reason tells why.' },
  },
  ORDER_NOT_REFUNDABLE: {
    status: 409,
    title: { ko: '환불할 수 없는 주문입니다', en: 'The order cannot be refunded' },
    detail: {
      ko: '완료된 주문만 환불할 수 있습니다. 배송 중인 주문은 운영자만 환불할 수 있습니다.',
      en: 'Only a completed order can be refunded; one on its way, only by an operator.',
    },
  },
  COUPON_NOT_FOUND: {
    status: 404,
    title: { ko: '쿠폰을 찾을 수 없습니다', en: 'Coupon not found' },
    detail: { ko: '쿠폰 코드를 확인해 주세요.', en: 'Check the code of the coupon.' },
  },
  COUPON_REQUEST_NOT_FOUND: {
    status: 404,
    title: { ko: '쿠폰 요청을 찾을 수 없습니다', en: 'Coupon request not found' },
    detail: { ko: 'requestId를 확인해 주세요.', en: 'Check the requestId.' },
  },
  DEAD_LETTER_NOT_FOUND: {
    status: 404,
    title: { ko: '데드 레터를 찾을 수 없습니다', en: 'Dead letter not found' },
    detail: { ko: '토픽/파티션/오프셋을 확인해 주세요.', en: 'Check topic/partition/offset.' },
  },
  REPLAY_NOT_FOUND: {
    status: 404,
    title: { ko: '재전송 작업을 찾을 수 없습니다', en: 'Replay not found' },
    detail: { ko: 'decisionId를 확인해 주세요.', en: 'Check the decisionId.' },
  },
  REPLAY_OVER: {
    status: 409,
    title: { ko: '이미 끝난 재전송 작업입니다', en: 'The replay is over' },
    detail: {
      ko: '끝난 작업은 멈추거나 다시 시작하거나 취소할 수 없습니다.',
      en: 'What is over cannot be paused, resumed or cancelled.',
    },
  },
  DEAD_LETTER_DECIDED: {
    status: 409,
    title: { ko: '이미 처리된 데드 레터입니다', en: 'The dead letter is decided already' },
    detail: { ko: '한 건은 한 번만 처리할 수 있습니다.', en: 'One dead letter takes one decision.' },
  },
  DECISION_ID_REUSED: {
    status: 409,
    title: { ko: 'decisionId가 다른 결정에 쓰였습니다', en: 'The decisionId belongs to another decision' },
    detail: { ko: '새 decisionId를 사용해 주세요.', en: 'Use a new decisionId.' },
  },
  NOT_RESOLVABLE: {
    status: 409,
    title: { ko: '결정을 기다리지 않습니다', en: 'Nothing waits for this decision' },
    detail: { ko: 'reason에 이유가 있습니다.', en: 'The member reason tells why.' },
  },
  ORDER_CANCELLED: {
    status: 409,
    title: { ko: '취소된 주문입니다', en: 'The order is cancelled' },
    detail: {
      ko: '취소된 주문의 기록은 다시 보낼 수 없습니다.',
      en: 'Records of a cancelled order are not sent back.',
    },
  },
  REPLAYS_EXHAUSTED: {
    status: 409,
    title: { ko: '재전송 횟수를 모두 사용했습니다', en: 'Its replays are used up' },
    detail: { ko: 'override와 reason이 필요합니다.', en: 'It takes an override, with its reason.' },
  },
  TOPIC_NOT_OURS: {
    status: 409,
    title: { ko: '다른 시스템의 토픽입니다', en: 'The topic is of another system' },
    detail: { ko: 'override와 reason이 필요합니다.', en: 'It takes an override, with its reason.' },
  },
  KEY_BLOCKED: {
    status: 409,
    title: { ko: '그 키의 기록이 기다리고 있습니다', en: 'Records of that key wait already' },
    detail: { ko: '그 키의 데드 레터를 먼저 처리해 주세요.', en: 'Decide the dead letter of that key first.' },
  },
  KEY_NOT_BLOCKED: {
    status: 404,
    title: { ko: '그 키는 막혀 있지 않습니다', en: 'Nobody waits for that key' },
    detail: { ko: '토픽과 키를 확인해 주세요.', en: 'Check the topic and the key.' },
  },
  KEY_AWAITS_DECISION: {
    status: 409,
    title: { ko: '데드 레터의 처리를 기다리고 있습니다', en: 'The line waits for its dead letter' },
    detail: { ko: 'deadLetter를 먼저 처리해 주세요.', en: 'Decide the dead letter that the member deadLetter names.' },
  },
  DEAD_LETTER_NOT_INDEXED: {
    status: 409,
    title: { ko: '데드 레터가 색인에 없습니다', en: 'The dead letter it waits for is not indexed' },
    detail: {
      ko: '색인이 최신인지 확인해 주세요. 데드 레터가 사라졌다면 override해 주세요.',
      en: 'See that the index is up to date; override if the dead letter is lost.',
    },
  },
  KEY_JUST_MOVED: {
    status: 409,
    title: { ko: '아직 움직이고 있습니다', en: 'The line has just moved' },
    detail: { ko: '1분이 지나도 그대로이면 다시 시도해 주세요.', en: 'Try again if it still stands after a minute.' },
  },
  VALUE_MISSING: {
    status: 422,
    title: { ko: '보낼 값이 없습니다', en: 'There is no value to send' },
    detail: { ko: 'value 또는 valueBase64를 지정해 주세요.', en: 'Give a value or valueBase64.' },
  },
  VALUE_INVALID: {
    status: 422,
    title: { ko: '토픽의 스키마와 맞지 않습니다', en: 'The value is no event of its topic' },
    detail: { ko: 'errors를 고치거나 override해 주세요.', en: 'Correct what is named under errors, or override.' },
  },
  COUPON_NOT_OPEN: {
    status: 409,
    title: { ko: '아직 받을 수 없는 쿠폰입니다', en: 'The coupon is not open yet' },
    detail: { ko: '발급이 시작된 뒤 다시 시도해 주세요.', en: 'Try again once it has opened.' },
  },
  COUPON_CLOSED: {
    status: 409,
    title: { ko: '발급이 끝난 쿠폰입니다', en: 'The coupon is closed' },
    detail: { ko: '발급 기간이 지났습니다.', en: 'The time in which it could be asked for is over.' },
  },
  COUPON_SOLD_OUT: {
    status: 409,
    title: { ko: '쿠폰이 모두 소진되었습니다', en: 'The coupon is sold out' },
    detail: { ko: '남은 수량이 없습니다.', en: 'None is left.' },
  },
  COUPON_ALREADY_REQUESTED: {
    status: 409,
    title: { ko: '이미 신청한 쿠폰입니다', en: 'You have asked for this coupon already' },
    detail: { ko: '쿠폰은 한 사람에게 한 장만 발급됩니다.', en: 'There is one for each user.' },
  },
  COUPON_TOTAL_TOO_LOW: {
    status: 409,
    title: { ko: '이미 나간 수량보다 적습니다', en: 'More of this coupon are taken' },
    detail: { ko: 'total은 taken보다 작을 수 없습니다.', en: 'The total cannot be below what is taken.' },
  },
  COUPON_IN_USE: {
    status: 409,
    title: { ko: '이미 사용 중인 쿠폰입니다', en: 'The coupon is in use' },
    detail: { ko: '다른 주문에서 이 쿠폰을 사용하고 있습니다.', en: 'Another order of yours has this coupon.' },
  },
  IDEMPOTENCY_IN_FLIGHT: {
    status: 409,
    title: { ko: '같은 요청이 처리되고 있습니다', en: 'The same request is being worked on' },
    detail: {
      ko: '잠시 후 같은 Idempotency-Key로 다시 시도해 주세요.',
      en: 'Try again shortly with the same Idempotency-Key.',
    },
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: { ko: '본문이 너무 큽니다', en: 'The body is too large' },
    detail: { ko: '본문은 {limitBytes}바이트까지 가능합니다.', en: 'A body may have {limitBytes} bytes here.' },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: { ko: '지원하지 않는 형식입니다', en: 'Unsupported media type' },
    detail: { ko: 'application/json으로 보내 주세요.', en: 'Send application/json.' },
  },
  UNKNOWN_SKU: {
    status: 422,
    title: { ko: '없는 상품이 있습니다', en: 'Unknown product' },
    detail: { ko: 'skus에 적힌 상품은 없습니다.', en: 'The products named under skus do not exist.' },
  },
  COUPON_NOT_ISSUED: {
    status: 422,
    title: { ko: '발급받지 않은 쿠폰입니다', en: 'You have no such coupon' },
    detail: { ko: '발급받은 쿠폰만 사용할 수 있습니다.', en: 'Only a coupon that was issued to you can be used.' },
  },
  COUPON_MINIMUM_NOT_MET: {
    status: 422,
    title: { ko: '최소 주문 금액에 미치지 못합니다', en: 'The order is too small for this coupon' },
    detail: { ko: 'minimumAmount 이상 주문해야 합니다.', en: 'The lines must come to minimumAmount at least.' },
  },
  REQUEST_ID_REUSED: {
    status: 422,
    title: { ko: 'requestId가 다른 요청에 쓰였습니다', en: 'The requestId belongs to another request' },
    detail: { ko: '새 requestId로 다시 시도해 주세요.', en: 'Try again with a new requestId.' },
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: { ko: 'Idempotency-Key가 다른 요청에 쓰였습니다', en: 'The Idempotency-Key belongs to another request' },
    detail: {
      ko: '본문이 다르면 새 키를 사용해 주세요.',
      en: 'Use a new key for a request with another body.',
    },
  },
  INTERNAL_ERROR: {
    status: 500,
    title: { ko: '서버 오류입니다', en: 'Internal error' },
    detail: { ko: 'requestId를 알려 주시면 확인하겠습니다.', en: 'Tell us the requestId and we will look into it.' },
  },
  TEMPORAL_UNAVAILABLE: {
    status: 503,
    title: { ko: '지금은 처리할 수 없습니다', en: 'This cannot be done right now' },
    detail: {
      ko: '주문 처리기가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.',
      en: 'The order engine does not answer. Try again shortly.',
    },
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    title: { ko: '지금은 응답할 수 없습니다', en: 'The service cannot answer right now' },
    detail: { ko: '잠시 후 다시 시도해 주세요.', en: 'Try again shortly.' },
  },
} as const;
