import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where recorded histories are, `OUTCOME.KIND.json`. */
export const HISTORIES = join(__dirname, 'histories');

export interface RecordedHistory {
  readonly name: string;
  readonly history: unknown;
  readonly text: string;
}

export function recordedHistories(): RecordedHistory[] {
  return readdirSync(HISTORIES).map((file) => {
    const text = readFileSync(join(HISTORIES, file), 'utf8');
    return {
      name: file.replace(/\.json$/, ''),
      ...(JSON.parse(text) as { history: unknown }),
      text,
    };
  });
}

/** Tokens, addresses, mail addresses and paths of a machine in a history, whose payloads are Base64. */
export function privateDataIn(text: string): string[] {
  const payloads = [...text.matchAll(/"data":"([A-Za-z0-9+/=]+)"/g)].map((match) =>
    Buffer.from(match[1] ?? '', 'base64').toString(),
  );
  const patterns = [
    /tok_\w+/g,
    /[\w.]+@[\w.]+\.[a-z]{2,}/g,
    /\S*node_modules\S*/g,
    /"(recipientName|phone|postalCode|address1)"/g,
  ];
  return patterns.flatMap((pattern) => [text, ...payloads].flatMap((part) => part.match(pattern) ?? []));
}
