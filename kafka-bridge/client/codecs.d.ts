/** Libraries that bring no types. */
declare module 'lz4js' {
  /** Reads a frame. */
  export function decompress(frame: Uint8Array): Uint8Array;
}

declare module 'snappyjs' {
  /** Reads a bare block. */
  export function uncompress(block: Buffer): Buffer;
}
