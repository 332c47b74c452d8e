import { deadLetterTopic, TOPIC_DEFINITIONS, type TopicDefinition } from '../contracts/topics';
import { EVENT_WORDS } from './event-words';
import { type Json, jsonSchema } from './json-schema';

/** The AsyncAPI 3.0 document of all topics, from the schemas by which their records are written and read. */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'ordersaga events',
      version: '1',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      description: EVENT_WORDS.en.introduction,
    },
    defaultContentType: 'application/json',
    channels: byName(channel),
    operations: Object.fromEntries(
      TOPIC_DEFINITIONS.flatMap((topic) => [
        [`publish ${topic.name}`, operation(topic, 'send')],
        ...(topic.consumer ? [[`read ${topic.name}`, operation(topic, 'receive')]] : []),
      ]),
    ),
    components: { messages: byName(message) },
  };
}

const byName = (of: (topic: TopicDefinition) => Json) =>
  Object.fromEntries(TOPIC_DEFINITIONS.map((topic) => [topic.name, of(topic)]));

function channel({ name, summary, others, key, consumer }: TopicDefinition): Json {
  const audience = EVENT_WORDS.en.audience[others ?? 'none'];
  const dead = consumer ? ` What cannot be processed goes to ${deadLetterTopic(name)}.` : '';
  return {
    address: name,
    title: name,
    summary,
    description: `${audience} The key is ${key}, as text.${dead}`,
    messages: { event: { $ref: `#/components/messages/${name}` } },
    bindings: { kafka: { topic: name } },
  };
}

function operation({ name, summary, consumer }: TopicDefinition, action: 'send' | 'receive'): Json {
  const group = { type: 'string', const: consumer?.groupId };
  return {
    action,
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: [{ $ref: `#/channels/${name}/messages/event` }],
    ...(action === 'receive' ? { bindings: { kafka: { groupId: group } } } : {}),
  };
}

function message({ name, summary, schema }: TopicDefinition): Json {
  const payload = jsonSchema(schema, 'input');
  const { examples } = payload as { examples?: readonly unknown[] };
  return {
    name,
    title: name,
    summary,
    contentType: 'application/json',
    payload,
    bindings: { kafka: { key: { type: 'string' } } },
    ...(examples ? { examples: examples.map((example) => ({ payload: example })) } : {}),
  };
}
