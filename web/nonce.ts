/** The nonce under which this page may add styles: that of its own script. A script reads it where CSS selectors cannot. */
export const styleNonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
