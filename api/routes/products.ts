import { z } from 'zod';
import { putProductSchema, skuSchema } from '../../contracts/http';
import { type ProductView, productSchema } from '../../contracts/responses/orders';
import { listProducts, type Product, putProduct } from '../../db/products';
import { route } from '../route';

/** What can be bought; operators set it. */
export const productRoutes = [
  route('GET /api/products', {
    id: 'listProducts',
    summary: 'What can be bought',
    access: 'customer',
    response: {
      status: 200,
      data: z.array(productSchema),
      message: { ko: '상품 목록 조회 성공', en: 'Products' },
    },
    async handle(_request, { db, settings }) {
      const products = await listProducts(db);
      return { data: products.map((product) => productView(product, settings.CURRENCY)) };
    },
  }),

  route('PUT /api/ops/products/{sku}', {
    id: 'putProduct',
    summary: 'Create or change a product and set its free units (operators)',
    access: 'operator',
    params: z.object({ sku: skuSchema }),
    body: putProductSchema,
    response: {
      status: 200,
      data: productSchema,
      message: { ko: '상품이 저장되었습니다.', en: 'The product was saved.' },
    },
    async handle({ params: { sku }, body: { name, price, stock } }, { db, settings }) {
      const product: Product = { sku, name, priceMinor: price, freeUnits: stock };
      await db.transaction((trx) => putProduct(trx, product));
      return { data: productView(product, settings.CURRENCY) };
    },
  }),
] as const;

function productView({ sku, name, priceMinor, freeUnits }: Product, currency: string): ProductView {
  return { sku, name, price: priceMinor, currency, stock: freeUnits };
}
