import type { DeadLetter, DeadLetterDecision } from '../../client/schema';
import { type Cell, facts, moment } from '../output';

const LONGEST_VALUE = 4_000;

/** A dead letter as people read it. */
export function deadLetterText(deadLetter: DeadLetter): string {
  const { origin, decision } = deadLetter;
  const text = facts([
    ['position', deadLetter.id],
    ['state', deadLetter.state],
    ['died', `${moment(deadLetter.deadAt)}${deadLetter.consumerGroup ? ` in ${deadLetter.consumerGroup}` : ''}`],
    ['cause', [deadLetter.code, deadLetter.message].filter(Boolean).join(': ')],
    ['from', `${deadLetter.topic}/${origin.partition}/${origin.offset}${origin.at ? ` of ${moment(origin.at)}` : ''}`],
    ['key', deadLetter.key ?? (deadLetter.keyBase64 === null ? '(none)' : `(bytes, Base64) ${deadLetter.keyBase64}`)],
    ['order', deadLetter.orderId],
    ['request', deadLetter.requestId],
    ['replays', deadLetter.replayCount],
    ['replay of', deadLetter.replayOf],
    ...(decision ? decisionFacts(decision) : []),
    ['behind it', behindIt(deadLetter)],
    ...deadLetter.waiting.map(({ id, since, eventId }): [string, Cell] => [
      'waits',
      `${id} since ${moment(since)}${eventId === null ? '' : `, event ${eventId}`}`,
    ]),
    ...Object.entries(deadLetter.headers).map(([name, values]): [string, Cell] => [
      'header',
      `${name}: ${values.map((value) => value ?? '(null)').join(' | ')}`,
    ]),
  ]);
  return [text, '', valueText(deadLetter)].join('\n');
}

function behindIt({ waitingBehind: count, waiting }: DeadLetter): string | undefined {
  if (count === 0) return undefined;
  return `${laterRecords(count)}${waiting.length < count ? `; the first ${waiting.length}:` : ''}`;
}

export function laterRecords(count: number): string {
  return count === 1 ? '1 later record of its key waits' : `${count} later records of its key wait`;
}

function decisionFacts(decision: DeadLetterDecision): [string, Cell][] {
  const how = [decision.isEdited ? 'edited' : '', decision.isOverride ? 'by override' : ''].filter(Boolean).join(', ');
  const { action, actor, at, reason, outcome, workflowId, bulkId, diedAgainAs, decisionId } = decision;
  return [
    ['decided', `${action}${how ? ` (${how})` : ''} by ${actor} ${moment(at)}: ${reason}`],
    ['decision', `${decisionId}${bulkId === undefined ? '' : ` of ${bulkId}`}`],
    ['led to', outcome && `${outcome}${workflowId === undefined ? '' : `, ${workflowId}`}`],
    ['died as', diedAgainAs],
  ];
}

function valueText({ value, valueBase64, valueBytes }: DeadLetter): string {
  if (valueBase64 === null) return '(no value)';
  if (value === null) return `(${valueBytes} bytes that are no text: \`dlt decode\` writes them out)`;
  const text = prettyJson(value);
  return text.length > LONGEST_VALUE
    ? `${text.slice(0, LONGEST_VALUE)}…\n(${valueBytes} bytes: \`dlt decode\` writes them all)`
    : text;
}

/** JSON a member a line; anything else as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
