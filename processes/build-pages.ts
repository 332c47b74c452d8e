import { cacheFolder } from '../config/load';
import { builtPages } from './pages';
import { runMain } from './process';

/** `npm run build`: the pages that the api serves. */
runMain(async () => {
  const folder = await builtPages(cacheFolder('pages'));
  if (!folder) throw new Error('vite is missing: run npm ci with the development dependencies, then npm run build');
  process.stdout.write(`${folder}\n`);
});
