FROM node:20-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY . .
# Bundles and the sandbox's journal; a volume mounted here takes over the owner.
RUN mkdir /var/lib/ordersaga && chown node:node /var/lib/ordersaga
ENV ORDERSAGA_HOME=/var/lib/ordersaga
USER node
ENTRYPOINT ["node", "--import", "tsx"]
CMD ["processes/main.ts"]
