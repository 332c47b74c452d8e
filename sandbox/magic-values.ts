/** What a card token makes the payment provider do. */
export type TokenBehaviour =
  | { on: 'visa' | 'declined' | 'timeout_after_charge' | 'timeout_before_charge' | 'unavailable' }
  | { on: 'undo_refused'; times: number };

const TOKENS: ReadonlyMap<string, TokenBehaviour> = new Map<string, TokenBehaviour>([
  ['tok_visa', { on: 'visa' }],
  ['tok_declined', { on: 'declined' }],
  ['tok_timeout_after_charge', { on: 'timeout_after_charge' }],
  ['tok_timeout_before_charge', { on: 'timeout_before_charge' }],
  ['tok_unavailable', { on: 'unavailable' }],
]);

/** Undefined for a token that the provider doesn't know. */
export function behaviourOf(token: string): TokenBehaviour | undefined {
  const undoRefused = /^tok_undo_refused:(\d{1,6})$/.exec(token);
  return undoRefused ? { on: 'undo_refused', times: Number(undoRefused[1]) } : TOKENS.get(token);
}

export interface RecipientFaults {
  shipRefused: boolean;
  shipTimeoutAfter: boolean;
  storeRefused: boolean;
  /** How many undo calls of the order are refused. */
  undoRefusedTimes: number;
}

/** Faults asked for by a recipient's name; it may ask for several. */
export function faultsIn(recipientName: string): RecipientFaults {
  const undoRefused = /fault:undo_refused:(\d{1,6})/.exec(recipientName);
  return {
    shipRefused: recipientName.includes('fault:ship_refused'),
    shipTimeoutAfter: recipientName.includes('fault:ship_timeout_after'),
    storeRefused: recipientName.includes('fault:store_refused'),
    undoRefusedTimes: Number(undoRefused?.[1] ?? 0),
  };
}
