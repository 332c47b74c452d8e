import type { ReactNode } from 'react';

interface NoticeProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What can be done about it. */
  readonly action?: ReactNode;
}

/** All that a page has to say where there is no order to show. */
export function Notice({ title, children, action }: NoticeProps) {
  return (
    <section className="notice" role="status">
      <h1>{title}</h1>
      <p>{children}</p>
      {action}
    </section>
  );
}
