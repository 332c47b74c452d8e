import type { LetterDecisionView, LetterView } from '../../contracts/dead-letter-desk';
import { moment } from '../output';

const LONGEST_VALUE = 4_000;

/** A dead letter as people read it. */
export function letterText(letter: LetterView): string {
  const { origin, decision } = letter;
  const facts: [string, string | number | null | undefined][] = [
    ['place', letter.id],
    ['state', letter.state],
    ['died', `${moment(letter.deadAt)}${letter.consumerGroup ? ` in ${letter.consumerGroup}` : ''}`],
    ['cause', [letter.code, letter.message].filter(Boolean).join(': ')],
    ['from', `${letter.topic}/${origin.partition}/${origin.offset}${origin.at ? ` of ${moment(origin.at)}` : ''}`],
    ['key', letter.key ?? (letter.keyBase64 === null ? '(none)' : `(bytes, Base64) ${letter.keyBase64}`)],
    ['order', letter.orderId],
    ['request', letter.requestId],
    ['replays', letter.replayCount],
    ['replay of', letter.replayOf],
    ...(decision ? decisionFacts(decision) : []),
    ['behind it', behindIt(letter)],
    ...letter.waiting.map(({ id, since, eventId }): [string, string] => [
      'waits',
      `${id} since ${moment(since)}${eventId === null ? '' : `, event ${eventId}`}`,
    ]),
    ...Object.entries(letter.headers).map(([name, values]): [string, string] => [
      'header',
      `${name}: ${values.map((value) => value ?? '(null)').join(' | ')}`,
    ]),
  ];
  const lines = facts
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(10)}${value}`);
  return [...lines, '', valueText(letter)].join('\n');
}

function behindIt({ waitingBehind: count, waiting }: LetterView): string | undefined {
  if (count === 0) return undefined;
  return `${laterRecords(count)}${waiting.length < count ? `; the first ${waiting.length}:` : ''}`;
}

export function laterRecords(count: number): string {
  return count === 1 ? '1 later record of its key waits' : `${count} later records of its key wait`;
}

function decisionFacts(decision: LetterDecisionView): [string, string | undefined][] {
  const how = [decision.isEdited ? 'edited' : '', decision.isOverride ? 'by override' : ''].filter(Boolean).join(', ');
  const { action, actor, at, reason, outcome, workflowId, bulkId, diedAgainAs, decisionId } = decision;
  return [
    ['decided', `${action}${how ? ` (${how})` : ''} by ${actor} ${moment(at)}: ${reason}`],
    ['decision', `${decisionId}${bulkId === undefined ? '' : ` of ${bulkId}`}`],
    ['came to', outcome && `${outcome}${workflowId === undefined ? '' : `, ${workflowId}`}`],
    ['died as', diedAgainAs],
  ];
}

function valueText({ value, valueBase64, valueBytes }: LetterView): string {
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
