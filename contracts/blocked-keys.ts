/** What the desk tells and takes about lines behind dead letters. */
import { z } from 'zod';
import { decisionFields } from './decision';
import { externalId } from './external-text';

const key = {
  topic: externalId({ max: 249 }),
  /** As text... */
  key: externalId({ min: 0, max: 10_000 }).optional(),
  /** ...or in Base64. */
  keyBase64: z.base64().max(1_400_000).optional(),
};

export const listBlockedKeysSchema = z.object({ limit: z.coerce.number().int().min(1).max(200).default(50) });

export const releaseBlockedKeySchema = z
  .strictObject({
    ...decisionFields,
    ...key,
    /** Although the dead letter it waits for is not indexed. */
    override: z.boolean().default(false),
  })
  .refine((command) => (command.key === undefined) !== (command.keyBase64 === undefined), {
    message: 'either key or keyBase64 names the line',
    path: ['key'],
  });

/** The line of a key behind a dead letter. */
export interface BlockedKeyView {
  readonly topic: string;
  /** As text; null: bytes that are no text. */
  readonly key: string | null;
  readonly keyBase64: string;
  /** How many records wait. */
  readonly waiting: number;
  /** When it last moved. */
  readonly movedAt: string;
  /** A dead letter that is to be decided, its replay or follower on its way, or a dead letter that is not indexed. */
  readonly waitsFor: 'DECISION' | 'RECORD_UNDER_WAY' | 'NOTHING';
  /** The dead letter to decide, `topic/partition/offset`; absent: there is none. */
  readonly deadLetter?: string;
}

/** Answer to a release. */
export interface BlockedKeyReleased {
  readonly topic: string;
  readonly keyBase64: string;
  readonly decisionId: string;
  readonly dryRun: boolean;
  /** How many waited. */
  readonly waiting: number;
}
