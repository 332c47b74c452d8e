import { Router } from 'express';
import { type ProductView, putProductSchema, skuSchema } from '../contracts/http';
import { listProducts, type Product, putProduct } from '../db/products';
import { languageOf, send, success } from './answer';
import { authenticated, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { jsonBody, parse, parseBody } from './validation';

/** What can be bought; operators set it. */
export function productRoutes({ db, settings, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const view = (product: Product): ProductView => ({
    sku: product.sku,
    name: product.name,
    price: product.priceMinor,
    currency: settings.CURRENCY,
    stock: product.freeUnits,
  });

  router.get('/api/products', user, async (request, response) => {
    const products = await listProducts(db);
    send(response, success(200, products.map(view), 'products', languageOf(request)));
  });

  router.put('/api/ops/products/:sku', user, operatorsOnly, jsonBody, async (request, response) => {
    const sku = parse(request, skuSchema, request.params.sku);
    const { name, price, stock } = parseBody(request, putProductSchema);
    const product: Product = { sku, name, priceMinor: price, freeUnits: stock };
    await db.transaction((trx) => putProduct(trx, product));
    send(response, success(200, view(product), 'productSaved', languageOf(request)));
  });

  return router;
}
