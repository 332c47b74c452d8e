/// <reference lib="dom" />
/**
 * `<ordersaga-tracking href="https://orders.example/track/17?link=…">`: where an order is, live, on a page of the shop's own.
 * It needs nothing else there, and styles nothing but itself.
 */
const WORDS = {
  ko: { order: '주문', details: '자세히 보기', over: '링크가 만료되었습니다', lost: '다시 연결하고 있습니다…' },
  en: { order: 'Order', details: 'Details', over: 'The link has ended', lost: 'Reconnecting…' },
} as const;

const EVENTS = ['status', 'step', 'request', 'refused', 'resolution', 'notice'] as const;
/** Events come in groups. */
const TOGETHER_MS = 100;
const AGAIN_MS = 5_000;
/** A heartbeat comes every 15 s. */
const SILENCE_MS = 40_000;

const STYLE = `
:host{display:block;font:1rem/1.5 system-ui,sans-serif;color-scheme:light dark}
section{border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:.75rem;padding:1rem}
p{margin:0}[part=status]{font-weight:600;font-size:1.1em}[part=order],[part=state]{opacity:.8;font-size:.9em}
progress{width:100%;height:.6rem;margin:.5rem 0;accent-color:var(--ordersaga-color,#0b57c2)}
a{color:inherit}`;

interface Status {
  readonly statusDescription: string;
  readonly progressPercentage: number;
}

type Language = keyof typeof WORDS;

class OrderTracking extends HTMLElement {
  static readonly observedAttributes = ['href', 'lang'];
  private following: Following | undefined;

  connectedCallback(): void {
    if (!this.shadowRoot) {
      const style = new CSSStyleSheet();
      style.replaceSync(STYLE);
      const shadow = this.attachShadow({ mode: 'open' });
      shadow.adoptedStyleSheets = [style];
      shadow.innerHTML = `<section><p part="order"></p><p part="status" role="status"></p>
<progress max="100" value="0"></progress><p part="state"></p><p><a part="link"></a></p></section>`;
    }
    this.follow();
  }

  disconnectedCallback(): void {
    this.following?.stop();
  }

  attributeChangedCallback(): void {
    if (this.isConnected && this.shadowRoot) this.follow();
  }

  private follow(): void {
    this.following?.stop();
    this.following = undefined;
    const href = this.getAttribute('href') ?? '';
    const page = URL.canParse(href, document.baseURI) ? new URL(href, document.baseURI) : undefined;
    const order = /\/track\/(\d+)$/.exec(page?.pathname ?? '')?.[1];
    if (!page || !order) return;
    const language: Language = (this.lang || navigator.language).startsWith('ko') ? 'ko' : 'en';
    this.text('order', `${WORDS[language].order} ${order}`);
    this.text('link', WORDS[language].details).setAttribute('href', page.href);
    this.following = new Following(page, order, language, {
      status: (status) => this.show(status),
      state: (word) => this.text('state', word === undefined ? '' : WORDS[language][word]),
    });
  }

  private show({ statusDescription, progressPercentage }: Status): void {
    this.text('status', statusDescription);
    const bar = this.shadowRoot?.querySelector('progress');
    bar?.setAttribute('value', String(progressPercentage));
    bar?.setAttribute('aria-label', statusDescription);
  }

  private text(part: string, text: string): Element {
    const element = this.shadowRoot?.querySelector(`[part=${part}]`) as Element;
    if (element.textContent !== text) element.textContent = text;
    return element;
  }
}

/** One order, followed until it is stopped. Each event says that there is news; what is shown is always the whole status. */
class Following {
  private readonly stopped = new AbortController();
  private readonly eventsUrl: URL;
  private readonly statusUrl: URL;
  private events: EventSource | undefined;
  private lookTimer: ReturnType<typeof setTimeout> | undefined;
  private againTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    page: URL,
    order: string,
    private readonly language: Language,
    private readonly shown: { status(status: Status): void; state(word?: 'over' | 'lost'): void },
  ) {
    const api = new URL(`/api/orders/${order}/`, page);
    const search = `?link=${page.searchParams.get('link') ?? ''}`;
    this.eventsUrl = new URL(`events${search}`, api);
    this.statusUrl = new URL(`status${search}`, api);
    this.connect();
  }

  stop(): void {
    this.stopped.abort();
    this.disconnect();
  }

  private connect(): void {
    this.disconnect();
    const events = new EventSource(this.eventsUrl);
    this.events = events;
    for (const name of EVENTS) events.addEventListener(name, () => this.lookSoon());
    events.addEventListener('heartbeat', () => this.connectAgainIn(SILENCE_MS));
    events.addEventListener('dropped', () => this.connectAgainIn(AGAIN_MS));
    events.addEventListener('open', () => {
      this.shown.state();
      this.connectAgainIn(SILENCE_MS);
    });
    events.addEventListener('error', () => {
      this.shown.state('lost');
      // Refused: it will not try again by itself, and does not say why.
      if (events.readyState === EventSource.CLOSED) this.lookSoon();
    });
    this.lookSoon();
  }

  private disconnect(): void {
    this.events?.close();
    clearTimeout(this.lookTimer);
    clearTimeout(this.againTimer);
  }

  private connectAgainIn(ms: number): void {
    clearTimeout(this.againTimer);
    this.againTimer = setTimeout(() => this.connect(), ms);
  }

  private lookSoon(): void {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => void this.look(), TOGETHER_MS);
  }

  private async look(): Promise<void> {
    const { signal } = this.stopped;
    const headers = { 'accept-language': this.language };
    const response = await fetch(this.statusUrl, { headers, credentials: 'omit', signal }).catch(() => undefined);
    const body = (await response?.json().catch(() => undefined)) as { readonly data?: Status } | undefined;
    if (signal.aborted) return;
    if (response?.status === 401 || response?.status === 404) {
      this.disconnect();
      this.shown.state('over');
      return;
    }
    if (response?.ok && body?.data) this.shown.status(body.data);
    else this.connectAgainIn(AGAIN_MS);
    if (this.events?.readyState === EventSource.CLOSED) this.connectAgainIn(AGAIN_MS);
  }
}

customElements.define('ordersaga-tracking', OrderTracking);
