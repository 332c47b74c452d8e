import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '..', 'deploy');
export const ALERTS_FILE = join(FOLDER, 'prometheus', 'alerts.yml');
export const ALERT_TESTS_FILE = join(FOLDER, 'prometheus', 'alerts.test.yml');

/** An alert rule, as far as its text says it; that it is a rule, promtool checks. */
export interface AlertRule {
  readonly name: string;
  readonly expression: string;
  readonly severity: string | undefined;
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly runbook: string | undefined;
}

export interface Panel {
  readonly title: string;
  readonly description: string | undefined;
  readonly unit: string | undefined;
  readonly expressions: readonly string[];
}

export function alertRules(): AlertRule[] {
  const [, ...rules] = readFileSync(ALERTS_FILE, 'utf8').split(/^ {6}- alert: /m);
  return rules.map((text) => {
    const fieldOf = (name: string) => new RegExp(`^ +${name}: '?(.+?)'?$`, 'm').exec(text)?.[1];
    return {
      name: /^\w+/.exec(text)?.[0] ?? '',
      expression: /^ {8}expr: (?:\|\n)?([\s\S]*?)\n {8}(?:for|labels|#)/m.exec(text)?.[1]?.trim() ?? '',
      severity: /severity: (\w+)/.exec(text)?.[1],
      summary: fieldOf('summary'),
      description: fieldOf('description'),
      runbook: fieldOf('runbook'),
    };
  });
}

interface DashboardPanel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

/** The dashboard's panels, in its order; its rows are only headings. */
export function panels(): Panel[] {
  const text = readFileSync(join(FOLDER, 'grafana', 'ordersaga.json'), 'utf8');
  const dashboard = JSON.parse(text) as { readonly panels: readonly DashboardPanel[] };
  return dashboard.panels
    .filter(({ type }) => type !== 'row')
    .map(({ title, description, targets = [], fieldConfig }) => ({
      title,
      description,
      unit: fieldConfig?.defaults.unit,
      // Grafana puts an interval in its place.
      expressions: targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')),
    }));
}

/** What Prometheus itself adds to what it reads. */
const PROMETHEUS_METRICS: ReadonlySet<string> = new Set(['up', 'ALERTS', 'ALERTS_FOR_STATE']);
const PROMETHEUS_LABELS: ReadonlySet<string> = new Set([
  ...['job', 'instance', 'le', 'alertname', 'alertstate', 'severity'],
]);

/** The metrics of our processes that an expression names, as they are written there: `…_bucket` of a histogram. */
export function metricsIn(expression: string): string[] {
  const code = expression.replaceAll(/"[^"]*"/g, '""');
  const names = code.match(/\b[a-z_A-Z]+(?=\{|\[)|\b(?:ordersaga|temporal|nodejs|process)_\w+/g) ?? [];
  return [...new Set(names)].filter((name) => !PROMETHEUS_METRICS.has(name));
}

/** The labels by which an expression selects or groups. */
export function labelsIn(expression: string): string[] {
  const selecting = [...expression.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
  const grouping = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  return [...new Set([...selecting, ...grouping])].filter((label) => !PROMETHEUS_LABELS.has(label));
}

/** Every expression of the dashboard and the rules, with who has it. */
export function expressions(): { readonly of: string; readonly expression: string }[] {
  return [
    ...alertRules().map(({ name, expression }) => ({ of: `alert ${name}`, expression })),
    ...panels().flatMap(({ title, expressions: all }) =>
      all.map((expression) => ({ of: `panel ${title}`, expression })),
    ),
  ];
}
