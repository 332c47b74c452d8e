/** What operators send about keys that a dead letter blocks. */
import { z } from 'zod';
import { DECISION_EXAMPLE, decisionFields } from './decision';
import { externalId } from './external-text';
import { rule } from './language';

const key = {
  topic: externalId({ max: 249 }),
  /** As text... */
  key: externalId({ min: 0, max: 10_000 }).optional(),
  /** ...or in Base64. */
  keyBase64: z.base64().max(1_400_000).optional(),
};

export const listBlockedKeysSchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) });

export const releaseBlockedKeySchema = z
  .strictObject({
    ...decisionFields,
    ...key,
    /** Release it although the dead letter that blocks it is not indexed. */
    override: z.boolean().default(false),
  })
  .refine(({ key, keyBase64 }) => (key === undefined) !== (keyBase64 === undefined), {
    message: rule('give either key or keyBase64', 'key와 keyBase64 중 하나만 지정해 주세요'),
    path: ['key'],
  })
  .meta({ examples: [{ ...DECISION_EXAMPLE, topic: 'shipment.status', key: '17' }] });
