/** What is said about events, on their page and in their document. */
export const EVENT_WORDS = {
  en: {
    title: 'Events',
    introduction:
      'Records of Kafka topics: JSON in UTF-8. A record may come twice after a failure, with the same eventId; the records of one key come in order. Ignore fields that you do not know. A record that cannot be processed goes to the topic with the suffix .DLT.',
    machines: 'The same for machines',
    audience: {
      publish: 'Other systems may publish here.',
      read: 'For other systems to read.',
      none: 'Of this system alone.',
    },
    key: 'Key',
    dead: 'Dead letters',
    field: 'Field',
    type: 'Type',
    optional: 'optional',
  },
  ko: {
    title: '이벤트',
    introduction:
      'Kafka 토픽의 레코드이며 UTF-8 JSON입니다. 장애 뒤에는 같은 레코드가 같은 eventId로 두 번 올 수 있고, 한 키의 레코드는 순서대로 옵니다. 모르는 필드는 무시해 주세요. 처리할 수 없는 레코드는 이름 뒤에 .DLT가 붙은 토픽으로 갑니다.',
    machines: '기계가 읽는 문서',
    audience: {
      publish: '다른 시스템이 발행할 수 있습니다.',
      read: '다른 시스템이 읽을 수 있습니다.',
      none: '이 시스템만 씁니다.',
    },
    key: '키',
    dead: '데드 레터',
    field: '필드',
    type: '타입',
    optional: '선택',
  },
} as const;
