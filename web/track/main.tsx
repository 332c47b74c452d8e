import '../frame/styles';
import './track.css';
import { createRootRoute, createRoute, createRouter, Outlet, RouterProvider, useParams } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Frame } from '../frame/frame';
import { Providers } from '../frame/providers';
import { beginTranslation } from '../language/translation';
import { Broken } from './broken';
import { NotFound } from './not-found';
import { TrackingPage } from './tracking-page';

const root = createRootRoute({
  component: function Root() {
    const { orderId } = useParams({ strict: false });
    return (
      <Frame orderId={orderId}>
        <Outlet />
      </Frame>
    );
  },
  notFoundComponent: NotFound,
  errorComponent: Broken,
});

const track = createRoute({
  getParentRoute: () => root,
  path: '/track/$orderId',
  validateSearch: (search): { readonly link?: 'expired' } => (search.link === 'expired' ? { link: 'expired' } : {}),
  component: function Track() {
    const { orderId } = track.useParams();
    const { link } = track.useSearch();
    return <TrackingPage key={orderId} orderId={orderId} isLinkExpired={link === 'expired'} />;
  },
});

const router = createRouter({ routeTree: root.addChildren([track]) });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

async function main(): Promise<void> {
  await beginTranslation();
  const page = document.getElementById('page');
  if (!page) throw new Error('track.html has no #page');
  createRoot(page).render(
    <StrictMode>
      <Providers>
        <RouterProvider router={router} />
      </Providers>
    </StrictMode>,
  );
}

void main();
