export const STATUS_HEADING = 'status';

/** Where the reader goes on when what had the focus goes away, as it has been done. */
export const focusStatus = (): void => document.getElementById(STATUS_HEADING)?.focus();
