import type { ReactNode } from 'react';

interface BannerProps {
  readonly tone: 'bad' | 'warn' | 'good';
  readonly title: string;
  readonly children?: ReactNode;
}

/** Something about the whole page, said also to those who do not see it come. */
export function Banner({ tone, title, children }: BannerProps) {
  return (
    <div className={`banner banner-${tone}`} role="status">
      <strong>{title}</strong>
      {children}
    </div>
  );
}
