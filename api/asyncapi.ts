import { z } from 'zod';
import { deadLetterTopic, TOPIC_DEFINITIONS, type TopicDefinition } from '../contracts/topics';

type Json = Record<string, unknown>;

/** The AsyncAPI 3.0 document of all topics, from the schemas by which their records are written and read. */
export function asyncApiDocument(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'ordersaga events',
      version: '1',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      description:
        'Records of Kafka topics: JSON in UTF-8. A record may come twice, with the same eventId; the records of one key come in order. Readers ignore fields that they do not know. A record that cannot be processed goes to the topic with the suffix .DLT.',
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
  const audience = {
    publish: 'Other systems may publish here.',
    read: 'For other systems to read.',
    none: 'Of this system alone.',
  }[others ?? 'none'];
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
  const { $schema: _, ...payload } = z.toJSONSchema(schema, { io: 'input' }) as Json;
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
