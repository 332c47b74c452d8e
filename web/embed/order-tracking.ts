/// <reference lib="dom" />
/**
 * `<ordersaga-tracking href="https://orders.example/track/17?link=…">`: where an order is, live, on a page of the shop's own.
 * It needs nothing else there, and styles nothing but itself.
 */
const WORDS = {
  ko: { order: '주문', details: '자세히 보기', over: '링크가 만료되었습니다', lost: '다시 연결하고 있습니다…' },
  en: { order: 'Order', details: 'Details', over: 'The link has ended', lost: 'Reconnecting…' },
} as const;

const EVENTS = ['status', 'step', 'request', 'notice'] as const;
/** Events come in groups. */
const TOGETHER_MS = 100;
const LOOK_AGAIN_MS = 5_000;

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

class OrderTracking extends HTMLElement {
  static readonly observedAttributes = ['href', 'lang'];
  private events: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly words = WORDS[(this.lang || navigator.language).startsWith('ko') ? 'ko' : 'en'];

  connectedCallback(): void {
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [style];
    shadow.innerHTML = `<section><p part="order"></p><p part="status" role="status"></p>
<progress max="100" value="0"></progress><p part="state"></p><p><a part="link"></a></p></section>`;
    this.follow();
  }

  disconnectedCallback(): void {
    this.events?.close();
    clearTimeout(this.timer);
  }

  attributeChangedCallback(_name: string, before: string | null): void {
    if (before === null || !this.shadowRoot) return;
    this.disconnectedCallback();
    this.follow();
  }

  /** Each event says that there is news; what is shown is always the whole status. */
  private follow(): void {
    const page = new URL(this.getAttribute('href') ?? '', document.baseURI);
    const order = /\/track\/(\d+)/.exec(page.pathname)?.[1] ?? '';
    const api = new URL(`/api/orders/${order}/`, page);
    const search = `?link=${page.searchParams.get('link') ?? ''}`;
    this.text('order', `${this.words.order} ${order}`);
    this.text('link', this.words.details).setAttribute('href', page.href);
    const look = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.look(new URL(`status${search}`, api)), TOGETHER_MS);
    };
    this.events = new EventSource(new URL(`events${search}`, api));
    for (const name of EVENTS) this.events.addEventListener(name, look);
    this.events.addEventListener('open', () => this.text('state', ''));
    this.events.addEventListener('error', () => {
      this.text('state', this.words.lost);
      // Refused: it will not try again by itself.
      if (this.events?.readyState === EventSource.CLOSED) look();
    });
    look();
  }

  private async look(url: URL): Promise<void> {
    const language = this.words === WORDS.ko ? 'ko' : 'en';
    const response = await fetch(url, { headers: { 'accept-language': language }, credentials: 'omit' }).catch(
      () => undefined,
    );
    if (response?.ok) return this.show(((await response.json()) as { data: Status }).data);
    if (response && response.status < 500) {
      this.events?.close();
      this.text('state', this.words.over);
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.disconnectedCallback();
      this.follow();
    }, LOOK_AGAIN_MS);
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

customElements.define('ordersaga-tracking', OrderTracking);
