import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/**
 * Reads what can't be read (a signal in another encoding, a codec that this worker lacks) as undefined, which handlers
 * refuse: thrown here it would fail the workflow's task for ever.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      return undefined as T;
    }
  },
};
