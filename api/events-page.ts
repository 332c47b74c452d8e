import type { Language } from '../contracts/language';
import { deadLetterTopic, TOPIC_DEFINITIONS, type TopicDefinition } from '../contracts/topics';
import { EVENT_WORDS } from './event-words';
import { type Html, html } from './html';
import { jsonSchema } from './json-schema';

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
  const { title, introduction, machines } = EVENT_WORDS[language];
  const content = html`<h1>${title}</h1><p>${introduction}</p>
<p>${machines}: <a href="/asyncapi.json">asyncapi.json</a></p>${TOPIC_DEFINITIONS.map((topic) => section(topic, language))}`;
  return { title, content };
}

function section({ name, summary, others, key, consumer, schema }: TopicDefinition, language: Language): Html {
  const words = EVENT_WORDS[language];
  const payload = jsonSchema(schema, 'input') as JsonSchema;
  const rows = fieldsOf(payload, words.optional).map(
    ([field, type]) => html`<tr><td><code>${field}</code></td><td>${type}</td></tr>`,
  );
  const dead = consumer ? html`<dt>${words.dead}</dt><dd><code>${deadLetterTopic(name)}</code></dd>` : '';
  return html`<section><h2 id="${name}">${name}</h2><p lang="en">${summary}</p><p class="muted">${words.audience[others ?? 'none']}</p>
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
