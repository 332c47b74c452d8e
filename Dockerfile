FROM node:20-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM dependencies AS pages
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
ENV ORDERSAGA_HOME=/pages
RUN node --require ./processes/typescript.cjs processes/build-pages.ts

FROM node:20-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY . .
# Compiled sources, bundles and the sandbox's journal; a volume mounted here takes over the owner.
RUN mkdir /var/lib/ordersaga && chown node:node /var/lib/ordersaga
ENV ORDERSAGA_HOME=/var/lib/ordersaga
COPY --from=pages /pages/pages .pages
USER node
# So that no start of a container compiles or bundles.
RUN node processes/typescript.cjs && node --require ./processes/typescript.cjs processes/bundle-workflows.ts
ENTRYPOINT ["node", "--require", "/app/processes/typescript.cjs"]
CMD ["processes/main.ts"]
