import { cacheFolder } from '../config/load';
import { buildPages } from './pages';
import { runMain } from './process';

/** `npm run build`: the pages that the api serves. */
runMain(async () => {
  // Its libraries are those that are served, however it is run.
  process.env.NODE_ENV = 'production';
  process.stdout.write(`${await buildPages(cacheFolder('pages'))}\n`);
});
