import { z } from 'zod';
import type { Language } from '../contracts/language';
import { deadLetterTopic, TOPIC_DEFINITIONS, type TopicDefinition } from '../contracts/topics';
import { type Html, html } from './html';

const WORDS = {
  en: {
    title: 'Events',
    introduction:
      'Records of Kafka topics: JSON in UTF-8. A record may come twice after a failure, with the same eventId; the records of one key come in order. Ignore fields that you do not know.',
    machines: 'The same for machines',
    yours: {
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
      'Kafka 토픽의 레코드이며 UTF-8 JSON입니다. 장애 뒤에는 같은 레코드가 같은 eventId로 두 번 올 수 있고, 한 키의 레코드는 순서대로 옵니다. 모르는 필드는 무시해 주세요.',
    machines: '기계가 읽는 문서',
    yours: {
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

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly examples?: readonly unknown[];
}

/** Every topic: who it is for, its key, the fields of its events, and one of them. */
export function eventsPage(language: Language): { readonly title: string; readonly content: Html } {
  const { title, introduction, machines } = WORDS[language];
  const content = html`<h1>${title}</h1><p>${introduction}</p>
<p>${machines}: <a href="/asyncapi.json">asyncapi.json</a></p>${TOPIC_DEFINITIONS.map((topic) => section(topic, language))}`;
  return { title, content };
}

function section({ name, summary, others, key, consumer, schema }: TopicDefinition, language: Language): Html {
  const words = WORDS[language];
  const payload = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const rows = fieldsOf(payload, words.optional).map(
    ([field, type]) => html`<tr><td><code>${field}</code></td><td>${type}</td></tr>`,
  );
  const dead = consumer ? html`<dt>${words.dead}</dt><dd><code>${deadLetterTopic(name)}</code></dd>` : '';
  return html`<section><h2 id="${name}">${name}</h2><p lang="en">${summary}</p><p class="muted">${words.yours[others ?? 'none']}</p>
<dl><dt>${words.key}</dt><dd><code>${key}</code></dd>${dead}</dl>
<table><thead><tr><th scope="col">${words.field}</th><th scope="col">${words.type}</th></tr></thead><tbody>${rows}</tbody></table>
<pre tabindex="0"><code>${JSON.stringify(payload.examples?.[0], null, 2)}</code></pre></section>`;
}

/** Each field by its path, with its type. */
function fieldsOf(schema: JsonSchema, optional: string, at = ''): [path: string, type: string][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${at}${name}`;
    const inner = field.items ?? field;
    const type = schema.required?.includes(name) ? typeOf(field) : `${typeOf(field)}, ${optional}`;
    return [[path, type], ...fieldsOf(inner, optional, `${path}${field.items ? '[]' : ''}.`)];
  });
}

function typeOf({ type, const: only, enum: values, anyOf }: JsonSchema): string {
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map(String).join(' | ');
  return anyOf ? anyOf.map(typeOf).join(' | ') : (type ?? 'any');
}
