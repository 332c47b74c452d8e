import { CommandError, EXIT } from '../command-error';

/** The API's path of a dead letter that people name `topic/partition/offset`. */
export function deadLetterPath(place: string): string {
  const [, topic, partition, offset] = /^([^/\s]+)\/(\d+)\/(\d+)$/.exec(place) ?? [];
  if (topic === undefined)
    throw new CommandError(
      EXIT.usage,
      `a dead letter is named topic/partition/offset, as \`dlt list\` does: not ${place}`,
    );
  return `/api/ops/dead-letters/${encodeURIComponent(topic)}/${partition}/${offset}`;
}
