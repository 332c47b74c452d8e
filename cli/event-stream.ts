import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from './api';
import { CommandError, EXIT } from './command-error';
import { say } from './output';

const AGAIN_AFTER_MS = 1_000;
const TRIES = 30;

/** The data of each server-sent event, in order and once; a stream that breaks is resumed where it was. */
export async function* serverSentEvents<Data>(api: Api, path: string): AsyncGenerator<Data> {
  let lastEventId: number | undefined;
  for (let failures = 0; ; failures++) {
    try {
      for await (const { id, data } of framesOf(await api.events(path, lastEventId))) {
        lastEventId = id;
        failures = 0;
        yield data as Data;
      }
    } catch (error) {
      const isUnavailable = !(error instanceof CommandError) || error.exitCode === EXIT.away;
      // Somebody who could not be reached at all is not waited for.
      if (!isUnavailable || lastEventId === undefined || failures >= TRIES) throw error;
    }
    say('the stream broke off: asking again');
    await pause(AGAIN_AFTER_MS);
  }
}

interface Frame {
  readonly id: number;
  readonly data: unknown;
}

async function* framesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  let rest = '';
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const fields = new Map(frame.split('\n').map((line) => split(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { id: Number(fields.get('id')), data: JSON.parse(data) as unknown };
    }
  }
}

function split(line: string): [string, string] {
  const at = line.indexOf(': ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
}
